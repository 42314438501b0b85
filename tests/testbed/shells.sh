# Completions, by the shells that read them.
#
# In:   zsh or fish, the script that `odoo-gateway completions` prints for it (for zsh in a file named _odoo-gateway), the
#       beginning of a command line.
# Out:  `testbed offer-completions SHELL FILE LINE`: the words that the shell offers for the last word of the line.

install_shells() { ensure_packages zsh fish; }

offer-completions() {
    local shell=$1 script=$2 line=$3
    open_workspace
    # Both shells write files to the home folder.
    export HOME=$WORKSPACE TERM=dumb
    case $shell in
        zsh)
            zsh -n "$script"
            timeout 60 zsh --no-rcs "$STAND/offer_completions.zsh" "$(dirname "$script")" "$line" >&3
            ;;
        fish)
            fish --no-execute "$script"
            timeout 60 fish --no-config --command 'source $argv[1]; complete --do-complete $argv[2]' "$script" "$line" | cut -f 1 >&3
            ;;
        *) fail "unknown shell: $shell" ;;
    esac
}
