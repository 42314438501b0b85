// openid-client, unmodified, as a client of OAuth 2, configured only by the gateway's metadata.
//
// In:  oauth_client.mjs FACTS, and the folder of its packages as $MODULES. FACTS is JSON: gateway (URL), key and secret
//      of an application, callback, calls: a list of {method, path, params}. On stdin one line: the complete URL that
//      the browser was redirected to.
// Out: lines of JSON as in oauth_client.py: responses with client_credentials, authorize, responses with a code,
//      responses with a refreshed token, {"active": [before, after]} of a revocation, responses with the revoked token.

import { webcrypto } from "node:crypto";
import { createInterface } from "node:readline/promises";
import { pathToFileURL } from "node:url";

globalThis.crypto ??= webcrypto; // not global in Node 18
const client = await import(pathToFileURL(`${process.env.MODULES}/node_modules/openid-client/build/index.js`));

const facts = JSON.parse(process.argv[2]);
const send = (message) => console.log(JSON.stringify(message));

async function call(token) {
    const responses = [];
    for (const { method, path, params } of facts.calls) {
        const url = new URL(`${facts.gateway}${path}?${new URLSearchParams(params)}`);
        const response = await fetch(url, { method, headers: { authorization: `Bearer ${token.access_token}` } });
        responses.push({ status: response.status, text: await response.text() });
    }
    send({ responses });
}

const config = await client.discovery(
    new URL(facts.gateway), facts.key, undefined, client.ClientSecretBasic(facts.secret),
    // The gateway speaks plain HTTP on this machine.
    { algorithm: "oauth2", execute: [client.allowInsecureRequests] },
);
await call(await client.clientCredentialsGrant(config, { token_format: "jwt" }));

const verifier = client.randomPKCECodeVerifier();
const state = client.randomState();
const authorize = client.buildAuthorizationUrl(config, {
    redirect_uri: facts.callback, state, scope: "all",
    code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256",
});
send({ authorize: authorize.href });
const lines = createInterface({ input: process.stdin });
const result = new URL(await lines[Symbol.asyncIterator]().next().then((line) => line.value));
lines.close();

const checks = { pkceCodeVerifier: verifier, expectedState: state };
let token = await client.authorizationCodeGrant(config, result, checks);
await call(token);
token = await client.refreshTokenGrant(config, token.refresh_token);
await call(token);
const before = (await client.tokenIntrospection(config, token.access_token)).active;
await client.tokenRevocation(config, token.access_token);
send({ active: [before, (await client.tokenIntrospection(config, token.access_token)).active] });
await call(token);
