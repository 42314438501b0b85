# The examples of docs/guides, run as a reader runs them.
#
# In:   `testbed example sh|python|js`: a program on stdin, its working folder and its environment.
# Out:  what the program prints; its exit status. A response with an error status ends a shell example.

install_guides() {
    ensure_command curl curl
    ensure_command node nodejs
    install_python_packages guides
}

example() {
    case $1 in
        sh)
            open_workspace
            printf 'silent\nshow-error\nfail-with-body\n' >"$WORKSPACE/.curlrc"
            CURL_HOME=$WORKSPACE bash -eo pipefail /dev/stdin <&4 >&3
            ;;
        python) "$CACHE/guides/bin/python" - <&4 >&3 ;;
        js) node --input-type=module - <&4 >&3 ;;
        *) fail "unknown language: $1" ;;
    esac
}
