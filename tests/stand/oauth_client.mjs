// openid-client, unmodified, as a client of OAuth 2: what it does, it does as the gateway's metadata tell it to.
//
// In:  oauth_client.mjs FACTS, and the folder of its packages as $MODULES. FACTS is JSON: gateway (URL), key and secret of
//      an application, callback, calls: a list of {method, path, params}. On stdin one line: the whole URL that the browser
//      was sent to.
// Out: JSON, a line each: answers with client_credentials, authorize, answers with a code, answers with a refreshed token,
//      {"active": [before, after]} of revoking it, answers with what was revoked. As oauth_client.py says it.

import { webcrypto } from "node:crypto";
import { createInterface } from "node:readline/promises";
import { pathToFileURL } from "node:url";

globalThis.crypto ??= webcrypto; // Node 18 has it elsewhere
const client = await import(pathToFileURL(`${process.env.MODULES}/node_modules/openid-client/build/index.js`));

const facts = JSON.parse(process.argv[2]);
const say = (what) => console.log(JSON.stringify(what));

async function call(token) {
    const answers = [];
    for (const { method, path, params } of facts.calls) {
        const url = new URL(`${facts.gateway}${path}?${new URLSearchParams(params)}`);
        const answer = await fetch(url, { method, headers: { authorization: `Bearer ${token.access_token}` } });
        answers.push({ status: answer.status, text: await answer.text() });
    }
    say({ answers });
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
say({ authorize: authorize.href });
const lines = createInterface({ input: process.stdin });
const back = new URL(await lines[Symbol.asyncIterator]().next().then((line) => line.value));
lines.close();

const checks = { pkceCodeVerifier: verifier, expectedState: state };
let token = await client.authorizationCodeGrant(config, back, checks);
await call(token);
token = await client.refreshTokenGrant(config, token.refresh_token);
await call(token);
const before = (await client.tokenIntrospection(config, token.access_token)).active;
await client.tokenRevocation(config, token.access_token);
say({ active: [before, (await client.tokenIntrospection(config, token.access_token)).active] });
await call(token);
