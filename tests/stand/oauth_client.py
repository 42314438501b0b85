"""Clients of OAuth as anybody has them, unmodified: requests-oauthlib, Authlib and oauthlib itself.

In:  oauth_client.py CLIENT FACTS. FACTS is JSON: gateway (URL), key and secret of an application, callback, method (the
     signature method), rsa_key (PEM, for RSA), calls: a list of {method, path, params, form, json}.
     On stdin one line: the verifier, or the whole URL that the browser was sent to.
Out: JSON, a line each: {"authorize": URL} once there is a request token, then {"answers": [{status, text}, ...]}.
"""

import json
import sys
from urllib.parse import parse_qsl, urlencode, urlsplit

import requests
from authlib.integrations.requests_client import OAuth1Session as AuthlibSession
from oauthlib.oauth1 import Client
from requests_oauthlib import OAuth1Session

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


CLIENTS = {"requests-oauthlib": requests_oauthlib, "authlib": authlib, "oauthlib": oauthlib}

if __name__ == "__main__":
    CLIENTS[sys.argv[1]](json.loads(sys.argv[2]))
