# Unmodified clients of Odoo's RPC, run against the gateway.
#
# In:   the name of a client, facts as JSON; see rpc_client.py.
# Out:  `testbed rpc CLIENT FACTS`: what a client in Python did, as one line of JSON; see rpc_client.py.
#       `testbed rpc-node CLIENT FACTS`: the same for a client in Node; see rpc_client.cjs.

install_rpc-clients() { install_python_packages rpc-clients; }

install_rpc-node() { install_node_packages rpc-node; }

rpc-node() { NODE_PATH=$CACHE/rpc-node/node_modules node "$STAND/rpc_client.cjs" "$@" >&3; }

rpc() { "$CACHE/rpc-clients/bin/python" "$STAND/rpc_client.py" "$@" >&3; }
