-- Applications that act for users (OAuth 1.0a and OAuth 2), and the tokens they get.

-- The kinds of tokens are judged by the gateway alone, so that new ones need no new table. SQLite cannot take the CHECK
-- away: the table is made anew. What refers to it goes with the old one, and is put back.
CREATE TABLE tokens_anew (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    token_index BLOB NOT NULL,         -- HMAC-SHA256(index key, token)
    shown TEXT NOT NULL,               -- the token's first characters, for people
    grant_id TEXT NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    account_id TEXT REFERENCES tokens_anew (id) ON DELETE CASCADE,
    scope TEXT NOT NULL,               -- JSON
    created_at INTEGER NOT NULL,
    not_after INTEGER,                 -- NULL: without end
    idle_seconds INTEGER,              -- ends when it is not used for so long; NULL: never for that
    last_used_at INTEGER,              -- to the minute
    disabled_at INTEGER,
    CONSTRAINT tokens_index_once UNIQUE (token_index)
) STRICT;
INSERT INTO tokens_anew SELECT id, kind, token_index, shown, grant_id, account_id, scope, created_at, not_after,
    idle_seconds, last_used_at, disabled_at FROM tokens;
CREATE TABLE wraps_kept AS SELECT token_id, grant_id, blob, kid FROM wraps;
CREATE TABLE api_keys_kept AS SELECT token_id, name, needs_login_token, may_mint_for_others, networks, rate_requests,
    rate_seconds, rate_burst FROM api_keys;
DROP TABLE tokens;
ALTER TABLE tokens_anew RENAME TO tokens;
INSERT INTO wraps (token_id, grant_id, blob, kid) SELECT token_id, grant_id, blob, kid FROM wraps_kept;
INSERT INTO api_keys (token_id, name, needs_login_token, may_mint_for_others, networks, rate_requests, rate_seconds,
    rate_burst) SELECT token_id, name, needs_login_token, may_mint_for_others, networks, rate_requests, rate_seconds,
    rate_burst FROM api_keys_kept;
DROP TABLE wraps_kept;
DROP TABLE api_keys_kept;
CREATE INDEX tokens_of_grant ON tokens (grant_id);
CREATE INDEX tokens_of_account ON tokens (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX tokens_by_end ON tokens (not_after) WHERE not_after IS NOT NULL;

-- An application is the token that its client secret is; its name and limits stand in api_keys.
CREATE TABLE applications (
    token_id TEXT NOT NULL PRIMARY KEY REFERENCES tokens (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL,
    settings TEXT NOT NULL,            -- JSON
    consumer_secret BLOB,              -- with OAuth 1 only, which needs it in clear: sealed under the master key
    kid TEXT,                          -- that master key's id
    CONSTRAINT applications_client_id_once UNIQUE (client_id)
) STRICT;

-- What codes and tokens of applications are beyond other tokens. The application is the token's account.
CREATE TABLE oauth_tokens (
    token_id TEXT NOT NULL PRIMARY KEY REFERENCES tokens (id) ON DELETE CASCADE,
    family_id TEXT NOT NULL,           -- what came of one approval ends together
    redirect_uri TEXT,                 -- as it was sent with the request; OAuth 1: the callback
    challenge TEXT,                    -- what the proof has to fit: PKCE's S256; OAuth 1: the keyed hash of the verifier
    headless INTEGER NOT NULL CHECK (headless IN (0, 1)), -- its wrap opens nothing: the client secret's does
    secret BLOB,                       -- OAuth 1: the token's secret, sealed under the key in its wrap
    spent_at INTEGER                   -- it was exchanged, and is kept without a wrap to know it again
) STRICT;
CREATE INDEX oauth_tokens_of_family ON oauth_tokens (family_id);

-- What users have agreed to, so that they are not asked again.
CREATE TABLE consents (
    token_id TEXT NOT NULL REFERENCES tokens (id) ON DELETE CASCADE, -- the application
    uid INTEGER NOT NULL,
    redirect_uri TEXT NOT NULL,
    scope TEXT NOT NULL,               -- words
    at INTEGER NOT NULL,
    PRIMARY KEY (token_id, uid, redirect_uri, scope)
) STRICT;

-- OAuth 1: requests that were seen, as long as their time stamps are taken.
CREATE TABLE oauth1_nonces (
    seen BLOB NOT NULL PRIMARY KEY,    -- HMAC-SHA256(index key, application, token, time stamp, nonce)
    not_after INTEGER NOT NULL
) STRICT;
CREATE INDEX oauth1_nonces_by_end ON oauth1_nonces (not_after);
