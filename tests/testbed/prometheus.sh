# promtool, the checker of Prometheus, from Debian's package without its server.
#
# In:   a scrape in a file, or rules and their tests.
# Out:  `testbed check-metrics FILE`, `testbed check-rules FILE`, `testbed test-rules FILE`: what promtool prints, and
#       its status.

install_promtool() { cached promtool make_promtool; }

make_promtool() {
    quietly apt-get -qq update
    (cd "$1" && quietly apt-get -qq download prometheus && dpkg-deb --extract prometheus_*.deb .)
    mv "$1/usr/bin/promtool" "$1/promtool"
    rm -rf "$1/usr" "$1/etc" "$1/lib" "$1/var" "$1"/prometheus_*.deb
}

check-metrics() { "$CACHE/promtool/promtool" check metrics <"$1" >&3 2>&1; }
check-rules() { "$CACHE/promtool/promtool" check rules "$1" >&3 2>&1; }
test-rules() { "$CACHE/promtool/promtool" test rules "$1" >&3 2>&1; }
