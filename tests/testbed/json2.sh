# A JSON-2 client from PyPI, unmodified.
#
# In:   facts as JSON.
# Out:  `testbed json2-client FACTS`: a line of JSON with what the client saw; see json2_client.py.

install_json2-client() { install_python_packages json2-client; }

json2-client() { "$CACHE/json2-client/bin/python" "$STAND/json2_client.py" "$@" >&3; }
