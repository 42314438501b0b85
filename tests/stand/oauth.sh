# Independent clients of OAuth, unmodified, against the gateway.
#
# In:   the name of a client, facts as JSON, and on stdin what the user brings back from the authorization.
# Out:  `stand oauth CLIENT FACTS`: what the client says, line by line; see oauth_client.py.

install_oauth-clients() {
    ensure_packages python3-venv
    cached oauth-clients make_oauth_clients "$(<"$STAND/oauth-clients-requirements.txt")"
}

make_oauth_clients() {
    quietly /usr/bin/python3 -m venv "$1"
    quietly "$1/bin/pip" --disable-pip-version-check install --requirement "$STAND/oauth-clients-requirements.txt"
}

oauth() { "$CACHE/oauth-clients/bin/python" "$STAND/oauth_client.py" "$@" <&4 >&3; }
