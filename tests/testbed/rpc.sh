# Unmodified clients of Odoo's RPC, run against the gateway.
#
# In:   the name of a client, facts as JSON; see rpc_client.py.
# Out:  `testbed rpc CLIENT FACTS`: what a client in Python did, as one line of JSON; see rpc_client.py.
#       `testbed rpc-node CLIENT FACTS`: the same for a client in Node; see rpc_client.cjs.

install_rpc-clients() {
    ensure_packages python3-venv
    cached rpc-clients make_rpc_clients "$(<"$STAND/rpc-clients-requirements.txt")"
}

make_rpc_clients() {
    quietly /usr/bin/python3 -m venv "$1"
    quietly "$1/bin/pip" --disable-pip-version-check install --requirement "$STAND/rpc-clients-requirements.txt"
}

install_rpc-node() {
    ensure_command node nodejs
    ensure_command npm npm
    cached rpc-node make_rpc_node "$(<"$STAND/rpc-node-packages.txt")"
}

make_rpc_node() {
    local packages
    mapfile -t packages <"$STAND/rpc-node-packages.txt"
    quietly npm install --prefix "$1" --no-audit --no-fund --ignore-scripts --save-exact "${packages[@]}"
}

rpc-node() { NODE_PATH=$CACHE/rpc-node/node_modules node "$STAND/rpc_client.cjs" "$@" >&3; }

rpc() { "$CACHE/rpc-clients/bin/python" "$STAND/rpc_client.py" "$@" >&3; }
