# libfaketime, from Debian's package: a process that loads it reads the time from a file.
#
# In:   nothing.
# Out:  `testbed faketime`: the path of the library.

install_faketime() { cached faketime make_faketime; }

make_faketime() {
    quietly apt-get -qq update
    (cd "$1" && quietly apt-get -qq download libfaketime && dpkg-deb --extract libfaketime_*.deb .)
    mv "$1"/usr/lib/*/faketime/libfaketime.so.1 "$1/libfaketime.so"
    rm -rf "$1/usr" "$1"/libfaketime_*.deb
}

faketime() { echo "$CACHE/faketime/libfaketime.so" >&3; }
