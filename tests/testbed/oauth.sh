# Unmodified OAuth clients, run against the gateway.
#
# In:   the name of a client, facts as JSON, and on stdin the result of the authorization.
# Out:  `testbed oauth CLIENT FACTS`: the output of the client, line by line; see oauth_client.py.
#       `testbed oauth-node CLIENT FACTS`: the same for a client in Node; see oauth_client.mjs.

install_oauth-clients() {
    ensure_packages python3-venv
    cached oauth-clients make_oauth_clients "$(<"$STAND/oauth-clients-requirements.txt")"
}

make_oauth_clients() {
    quietly /usr/bin/python3 -m venv "$1"
    quietly "$1/bin/pip" --disable-pip-version-check install --requirement "$STAND/oauth-clients-requirements.txt"
}

install_oauth-node() {
    ensure_command node nodejs
    ensure_command npm npm
    cached oauth-node make_oauth_node "$(<"$STAND/oauth-node-packages.txt")"
}

make_oauth_node() {
    local packages
    mapfile -t packages <"$STAND/oauth-node-packages.txt"
    quietly npm install --prefix "$1" --no-audit --no-fund --ignore-scripts --save-exact "${packages[@]}"
}

oauth-node() { MODULES=$CACHE/oauth-node node "$STAND/oauth_client.mjs" "${@:2}" <&4 >&3; }

oauth() { "$CACHE/oauth-clients/bin/python" "$STAND/oauth_client.py" "$@" <&4 >&3; }
