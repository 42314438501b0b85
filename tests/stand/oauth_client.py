"""Clients of OAuth as anybody has them, unmodified: requests-oauthlib, Authlib and oauthlib itself.

In:  oauth_client.py CLIENT FACTS. FACTS is JSON: gateway (URL), key and secret of an application, callback, method (the
     signature method), rsa_key (PEM, for RSA), calls: a list of {method, path, params, form, json}; for OAuth 2 also
     token, revoke and introspect (paths).
     On stdin one line: the verifier, or the whole URL that the browser was sent to.
Out: JSON, a line each. OAuth 1: {"authorize": URL} once there is a request token, then {"answers": [{status, text}, ...]}.
     OAuth 2: answers with client_credentials, authorize, answers with a code, answers with a refreshed token, {"active":
     [before, after]} of revoking it, answers with what was revoked.
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


def say(**what):
    print(json.dumps(what), flush=True)


def heard():
    return sys.stdin.readline().strip()


def call(session, facts, **more):
    answers = []
    for one in facts["calls"]:
        answer = session.request(
            one["method"], facts["gateway"] + one["path"], params=one.get("params"), data=one.get("form"),
            json=one.get("json"), **more,
        )
        answers.append({"status": answer.status_code, "text": answer.text})
    say(answers=answers)


def requests_oauthlib(facts):
    session = OAuth1Session(
        facts["key"], client_secret=facts["secret"], callback_uri=facts["callback"], signature_method=facts["method"],
        rsa_key=facts.get("rsa_key"),
    )
    session.fetch_request_token(facts["gateway"] + BASE + "request_token")
    say(authorize=session.authorization_url(facts["gateway"] + BASE + "authorize"))
    back = heard()
    if facts["callback"] == "oob":
        session.fetch_access_token(facts["gateway"] + BASE + "access_token", verifier=back)
    else:
        session.parse_authorization_response(back)
        session.fetch_access_token(facts["gateway"] + BASE + "access_token")
    call(session, facts)


def authlib(facts):
    session = AuthlibSession(
        facts["key"], facts["secret"], redirect_uri=facts["callback"], signature_method=facts["method"],
        rsa_key=facts.get("rsa_key"),
    )
    session.fetch_request_token(facts["gateway"] + BASE + "request_token")
    say(authorize=session.create_authorization_url(facts["gateway"] + BASE + "authorize"))
    back = heard()
    if facts["callback"] == "oob":
        session.fetch_access_token(facts["gateway"] + BASE + "access_token", verifier=back)
    else:
        session.parse_authorization_response(back)
        session.fetch_access_token(facts["gateway"] + BASE + "access_token")
    call(session, facts)


class Plain:
    """oauthlib's signer below requests, which signs nothing by itself."""

    def __init__(self, facts, **more):
        keys = {"client_secret": facts["secret"], "signature_method": facts["method"], "rsa_key": facts.get("rsa_key")}
        self.client = Client(facts["key"], **keys, **more)

    def request(self, method, url, params=None, data=None, json=None):
        whole = requests.Request(method, url, params=params, data=data, json=json).prepare()
        form = whole.headers.get("Content-Type") == "application/x-www-form-urlencoded"
        body = whole.body if form else None
        url, headers, _ = self.client.sign(whole.url, method, body, dict(whole.headers))
        whole.headers.update(headers)
        return requests.Session().send(whole)


def oauthlib(facts):
    asked = Plain(facts, callback_uri=facts["callback"]).request("POST", facts["gateway"] + BASE + "request_token")
    asked.raise_for_status()
    token = dict(parse_qsl(asked.text))
    query = urlencode({"oauth_token": token["oauth_token"]})
    say(authorize=facts["gateway"] + BASE + "authorize?" + query)
    back = heard()
    verifier = back if facts["callback"] == "oob" else dict(parse_qsl(urlsplit(back).query))["oauth_verifier"]
    owner = {
        "resource_owner_key": token["oauth_token"],
        "resource_owner_secret": token["oauth_token_secret"],
        "verifier": verifier,
    }
    given = Plain(facts, **owner).request("POST", facts["gateway"] + BASE + "access_token")
    given.raise_for_status()
    token = dict(parse_qsl(given.text))
    owner = {"resource_owner_key": token["oauth_token"], "resource_owner_secret": token["oauth_token_secret"]}
    call(Plain(facts, **owner), facts)


AUTHORIZE = "/restapi/1.0/common/oauth2/authorize"


def about(facts, token):
    """Whether the token lives, is revoked, and lives then."""

    def ask(path):
        form = {"token": token}
        return requests.post(facts["gateway"] + facts[path], data=form, auth=(facts["key"], facts["secret"]))

    before = ask("introspect").json()["active"]
    ask("revoke").raise_for_status()
    return before, ask("introspect").json()["active"]


def requests_oauthlib_2(facts):
    token_url, secret = facts["gateway"] + facts["token"], facts["secret"]
    session = OAuth2Session(client=BackendApplicationClient(client_id=facts["key"]))
    session.fetch_token(token_url, client_id=facts["key"], client_secret=secret)
    call(session, facts)
    session = OAuth2Session(facts["key"], redirect_uri=facts["callback"], pkce="S256")
    url, _ = session.authorization_url(facts["gateway"] + AUTHORIZE)
    say(authorize=url)
    session.fetch_token(token_url, client_secret=secret, authorization_response=heard())
    call(session, facts)
    session.refresh_token(token_url, client_id=facts["key"], client_secret=secret)
    call(session, facts)
    say(active=about(facts, session.token["access_token"]))
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
    proof = generate_token(48)
    url, _ = session.create_authorization_url(facts["gateway"] + AUTHORIZE, code_verifier=proof)
    say(authorize=url)
    session.fetch_token(token_url, authorization_response=heard(), code_verifier=proof)
    call(session, facts)
    session.refresh_token(token_url)
    call(session, facts)
    token, introspect = session.token["access_token"], facts["gateway"] + facts["introspect"]
    before = session.introspect_token(introspect, token=token).json()["active"]
    session.revoke_token(facts["gateway"] + facts["revoke"], token=token).raise_for_status()
    say(active=(before, session.introspect_token(introspect, token=token).json()["active"]))
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
