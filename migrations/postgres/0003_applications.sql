-- Applications that act for users (OAuth 1.0a and OAuth 2), and the tokens they get.

-- The kinds of tokens are judged by the gateway alone, so that new ones need no new table.
ALTER TABLE tokens DROP CONSTRAINT tokens_kind_check;

-- An application is the token that its client secret is; its name and limits stand in api_keys.
CREATE TABLE applications (
    token_id TEXT NOT NULL PRIMARY KEY REFERENCES tokens (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL,
    settings TEXT NOT NULL,            -- JSON
    consumer_secret BYTEA,             -- with OAuth 1 only, which needs it in clear: sealed under the master key
    kid TEXT,                          -- that master key's id
    CONSTRAINT applications_client_id_once UNIQUE (client_id)
);

-- What codes and tokens of applications are beyond other tokens. The application is the token's account.
CREATE TABLE oauth_tokens (
    token_id TEXT NOT NULL PRIMARY KEY REFERENCES tokens (id) ON DELETE CASCADE,
    family_id TEXT NOT NULL,           -- what came of one approval ends together
    redirect_uri TEXT,                 -- as it was sent with the request; OAuth 1: the callback
    challenge TEXT,                    -- what the proof has to fit: PKCE's S256; OAuth 1: the keyed hash of the verifier
    headless BIGINT NOT NULL CHECK (headless IN (0, 1)), -- its wrap opens nothing: the client secret's does
    secret BYTEA,                      -- OAuth 1: the token's secret, sealed under the key in its wrap
    spent_at BIGINT                    -- it was exchanged, and is kept without a wrap to know it again
);
CREATE INDEX oauth_tokens_of_family ON oauth_tokens (family_id);

-- What users have agreed to, so that they are not asked again.
CREATE TABLE consents (
    token_id TEXT NOT NULL REFERENCES tokens (id) ON DELETE CASCADE, -- the application
    uid BIGINT NOT NULL,
    redirect_uri TEXT NOT NULL,
    scope TEXT NOT NULL,               -- words
    at BIGINT NOT NULL,
    PRIMARY KEY (token_id, uid, redirect_uri, scope)
);

-- OAuth 1: requests that were seen, as long as their time stamps are taken.
CREATE TABLE oauth1_nonces (
    seen BYTEA NOT NULL PRIMARY KEY,   -- HMAC-SHA256(index key, application, token, time stamp, nonce)
    not_after BIGINT NOT NULL
);
CREATE INDEX oauth1_nonces_by_end ON oauth1_nonces (not_after);
