# Prints the words that zsh offers when a person presses the tab key.
#
# In:   a folder with completion functions, the beginning of a command line.
# Out:  the words, one per line. zsh completes only in a terminal, so a shell in a terminal of its own is told to print what
#       the completion functions add.
zmodload zsh/zpty

setup=$(mktemp)
cat >$setup <<'SETUP'
PROMPT= RPROMPT=
fpath=($FOLDER $fpath)
autoload -Uz compinit
compinit -u -D
compadd() {
    # With these options it fills arrays for other functions.
    if ((${@[(I)-[OAD]*]})); then
        builtin compadd "$@"
        return
    fi
    local -a offered
    builtin compadd -O offered "$@"
    print -rl -- '' "offered "$^offered
    builtin compadd "$@"
}
offer() {
    zle complete-word
    print -l '' end
    exit
}
zle -N offer
bindkey '^I' offer
print ready
SETUP

export FOLDER=$1
zpty terminal zsh --no-rcs --interactive
zpty -w terminal "source $setup"
while zpty -r terminal output; do
    case ${output%$'\r\n'} in
        *ready) zpty -w -n terminal "$2"$'\t' ;;
        'offered '*) print -r -- ${${output%$'\r\n'}#offered } ;;
        end) break ;;
    esac
done
rm -f $setup
