# Newman, Postman's own runner, unmodified.
#
# In:   a Postman collection and an environment, as files.
# Out:  `testbed newman COLLECTION ENVIRONMENT`: one JSON object with the requests and the failures; see newman_run.cjs.

install_newman() {
    ensure_command node nodejs
    ensure_command npm npm
    cached newman make_newman "$(<"$STAND/newman-packages.txt")"
}

make_newman() {
    local packages
    mapfile -t packages <"$STAND/newman-packages.txt"
    quietly npm install --prefix "$1" --no-audit --no-fund --ignore-scripts --save-exact "${packages[@]}"
}

newman() { NODE_PATH=$CACHE/newman/node_modules node "$STAND/newman_run.cjs" "$@" >&3; }
