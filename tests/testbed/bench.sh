# The programs of the benchmarks: nginx to compare with, wrk to generate load, valgrind to count instructions.
#
# In:   the machine's own apt sources.
# Out:  the commands nginx, wrk and valgrind; no running server.

install_bench() {
    ensure_command wrk wrk
    ensure_command valgrind valgrind
    command -v nginx >/dev/null || without_services ensure_packages nginx-light
}

# without_services COMMAND…: runs an installation that starts no service. The package of nginx would start one on port 80.
without_services() {
    local policy=/usr/sbin/policy-rc.d status=0
    [[ ! -e $policy ]] || {
        "$@"
        return
    }
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    ("$@") || status=$?
    rm -f "$policy"
    return "$status"
}
