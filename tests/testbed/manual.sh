# Checks of the manual page by the two programs that format manual pages on Linux.
#
# In:   a file.
# Out:  `testbed lint-manual FILE`: the warnings of mandoc and groff, and status 0 if there are none.

install_manual() { ensure_packages mandoc groff-base; }

lint-manual() {
    mandoc -T lint -W warning "$1" >&3
    local warnings
    warnings=$(groff -man -Tutf8 -ww -z "$1" 2>&1)
    [[ -z $warnings ]] || fail "$warnings"
}
