# Unmodified OAuth clients, run against the gateway.
#
# In:   the name of a client, facts as JSON, and on stdin the result of the authorization.
# Out:  `testbed oauth CLIENT FACTS`: the output of the client, line by line; see oauth_client.py.
#       `testbed oauth-node CLIENT FACTS`: the same for a client in Node; see oauth_client.mjs.

install_oauth-clients() { install_python_packages oauth-clients; }

install_oauth-node() { install_node_packages oauth-node; }

oauth-node() { MODULES=$CACHE/oauth-node node "$STAND/oauth_client.mjs" "${@:2}" <&4 >&3; }

oauth() { "$CACHE/oauth-clients/bin/python" "$STAND/oauth_client.py" "$@" <&4 >&3; }
