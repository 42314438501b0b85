# A JSON-2 client from PyPI, unmodified.
#
# In:   facts as JSON.
# Out:  `testbed json2-client FACTS`: a line of JSON with what the client saw; see json2_client.py.

install_json2-client() {
    ensure_packages python3-venv
    cached json2-client make_json2_client "$(<"$STAND/json2-client-requirements.txt")"
}

make_json2_client() {
    quietly /usr/bin/python3 -m venv "$1"
    quietly "$1/bin/pip" --disable-pip-version-check install --requirement "$STAND/json2-client-requirements.txt"
}

json2-client() { "$CACHE/json2-client/bin/python" "$STAND/json2_client.py" "$@" >&3; }
