# Newman, Postman's own runner, unmodified.
#
# In:   a Postman collection and an environment, as files.
# Out:  `testbed newman COLLECTION ENVIRONMENT`: one JSON object with the requests and the failures; see newman_run.cjs.

install_newman() { install_node_packages newman; }

newman() { NODE_PATH=$CACHE/newman/node_modules node "$STAND/newman_run.cjs" "$@" >&3; }
