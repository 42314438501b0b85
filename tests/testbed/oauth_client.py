"""Unmodified OAuth clients: requests-oauthlib, Authlib and oauthlib itself.

In:  oauth_client.py CLIENT FACTS. FACTS is JSON: gateway (URL), key and secret of an application, callback, method (the
     signature method), rsa_key (PEM, for RSA), calls: a list of {method, path, params, form, json}; for OAuth 2 also
     token, revoke and introspect (paths).
     On stdin request line: the verifier, or the complete URL that the browser was redirected to.
Out: lines of JSON. OAuth 1: {"authorize": URL} with a request token, then {"responses": [{status, text}, ...]}.
     OAuth 2: responses with client_credentials, authorize, responses with a code, responses with a refreshed token,
     {"active": [before, after]} of a revocation, responses with the revoked token.
"""

import json
import os
import sys
from urllib.parse import parse_qsl, urlencode, urlsplit

# The gateway speaks plain HTTP on this machine.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth1Session as AuthlibSession
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession2
from oauthlib.oauth1 import Client
from oauthlib.oauth2 import BackendApplicationClient
from requests_oauthlib import OAuth1Session, OAuth2Session

BASE = "/restapi/1.0/common/oauth1/"


def send(**message):
    print(json.dumps(message), flush=True)


def receive():
    return sys.stdin.readline().strip()


def call(session, facts, **more):
    responses = []
    for request in facts["calls"]:
        response = session.request(
            request["method"], facts["gateway"] + request["path"], params=request.get("params"), data=request.get("form"),
            json=request.get("json"), **more,
        )
        responses.append({"status": response.status_code, "text": response.text})
    send(responses=responses)


def requests_oauthlib(facts):
    session = OAuth1Session(
        facts["key"], client_secret=facts["secret"], callback_uri=facts["callback"], signature_method=facts["method"],
        rsa_key=facts.get("rsa_key"),
    )
    session.fetch_request_token(facts["gateway"] + BASE + "request_token")
    send(authorize=session.authorization_url(facts["gateway"] + BASE + "authorize"))
    result = receive()
    if facts["callback"] == "oob":
        session.fetch_access_token(facts["gateway"] + BASE + "access_token", verifier=result)
    else:
        session.parse_authorization_response(result)
        session.fetch_access_token(facts["gateway"] + BASE + "access_token")
    call(session, facts)


def authlib(facts):
    session = AuthlibSession(
        facts["key"], facts["secret"], redirect_uri=facts["callback"], signature_method=facts["method"],
        rsa_key=facts.get("rsa_key"),
    )
    session.fetch_request_token(facts["gateway"] + BASE + "request_token")
    send(authorize=session.create_authorization_url(facts["gateway"] + BASE + "authorize"))
    result = receive()
    if facts["callback"] == "oob":
        session.fetch_access_token(facts["gateway"] + BASE + "access_token", verifier=result)
    else:
        session.parse_authorization_response(result)
        session.fetch_access_token(facts["gateway"] + BASE + "access_token")
    call(session, facts)


class SigningClient:
    """requests with oauthlib's signer."""

    def __init__(self, facts, **more):
        keys = {"client_secret": facts["secret"], "signature_method": facts["method"], "rsa_key": facts.get("rsa_key")}
        self.client = Client(facts["key"], **keys, **more)

    def request(self, method, url, params=None, data=None, json=None):
        prepared = requests.Request(method, url, params=params, data=data, json=json).prepare()
        form = prepared.headers.get("Content-Type") == "application/x-www-form-urlencoded"
        body = prepared.body if form else None
        url, headers, _ = self.client.sign(prepared.url, method, body, dict(prepared.headers))
        prepared.headers.update(headers)
        return requests.Session().send(prepared)


def oauthlib(facts):
    client = SigningClient(facts, callback_uri=facts["callback"])
    temporary = client.request("POST", facts["gateway"] + BASE + "request_token")
    temporary.raise_for_status()
    token = dict(parse_qsl(temporary.text))
    query = urlencode({"oauth_token": token["oauth_token"]})
    send(authorize=facts["gateway"] + BASE + "authorize?" + query)
    result = receive()
    verifier = result if facts["callback"] == "oob" else dict(parse_qsl(urlsplit(result).query))["oauth_verifier"]
    owner = {
        "resource_owner_key": token["oauth_token"],
        "resource_owner_secret": token["oauth_token_secret"],
        "verifier": verifier,
    }
    granted = SigningClient(facts, **owner).request("POST", facts["gateway"] + BASE + "access_token")
    granted.raise_for_status()
    token = dict(parse_qsl(granted.text))
    owner = {"resource_owner_key": token["oauth_token"], "resource_owner_secret": token["oauth_token_secret"]}
    call(SigningClient(facts, **owner), facts)


AUTHORIZE = "/restapi/1.0/common/oauth2/authorize"


def revoke_and_introspect(facts, token):
    """Whether the token is active before and after its revocation."""

    def post(path):
        form = {"token": token}
        return requests.post(facts["gateway"] + facts[path], data=form, auth=(facts["key"], facts["secret"]))

    before = post("introspect").json()["active"]
    post("revoke").raise_for_status()
    return before, post("introspect").json()["active"]


def requests_oauthlib_2(facts):
    token_url, secret = facts["gateway"] + facts["token"], facts["secret"]
    session = OAuth2Session(client=BackendApplicationClient(client_id=facts["key"]))
    session.fetch_token(token_url, client_id=facts["key"], client_secret=secret)
    call(session, facts)
    session = OAuth2Session(facts["key"], redirect_uri=facts["callback"], pkce="S256")
    url, _ = session.authorization_url(facts["gateway"] + AUTHORIZE)
    send(authorize=url)
    session.fetch_token(token_url, client_secret=secret, authorization_response=receive())
    call(session, facts)
    session.refresh_token(token_url, client_id=facts["key"], client_secret=secret)
    call(session, facts)
    send(active=revoke_and_introspect(facts, session.token["access_token"]))
    call(session, facts)


def authlib_2(facts):
    token_url = facts["gateway"] + facts["token"]
    session = AuthlibSession2(facts["key"], facts["secret"])
    session.fetch_token(token_url, grant_type="client_credentials")
    call(session, facts)
    session = AuthlibSession2(
        facts["key"], facts["secret"], redirect_uri=facts["callback"], code_challenge_method="S256",
        revocation_endpoint_auth_method="client_secret_basic",
    )
    verifier = generate_token(48)
    url, _ = session.create_authorization_url(facts["gateway"] + AUTHORIZE, code_verifier=verifier)
    send(authorize=url)
    session.fetch_token(token_url, authorization_response=receive(), code_verifier=verifier)
    call(session, facts)
    session.refresh_token(token_url)
    call(session, facts)
    token, introspect = session.token["access_token"], facts["gateway"] + facts["introspect"]
    before = session.introspect_token(introspect, token=token).json()["active"]
    session.revoke_token(facts["gateway"] + facts["revoke"], token=token).raise_for_status()
    send(active=(before, session.introspect_token(introspect, token=token).json()["active"]))
    call(session, facts)


CLIENTS = {
    "requests-oauthlib": requests_oauthlib,
    "authlib": authlib,
    "oauthlib": oauthlib,
    "requests-oauthlib-2": requests_oauthlib_2,
    "authlib-2": authlib_2,
}

if __name__ == "__main__":
    CLIENTS[sys.argv[1]](json.loads(sys.argv[2]))
