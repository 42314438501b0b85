-- Credentials. Whoever reads all of this learns no token and no password; see src/secret.

-- Keys of the installation itself, sealed under the master key. That they open proves the right master key.
CREATE TABLE sealed_keys (
    purpose TEXT NOT NULL PRIMARY KEY, -- 'index', 'login_token'
    blob BLOB NOT NULL,
    kid TEXT NOT NULL,                 -- the master key's id in hexadecimal
    created_at INTEGER NOT NULL        -- seconds since 1970, UTC, like every time here
) STRICT;

-- A user of Odoo and the credential that Odoo knows him by, sealed under a data key that stands nowhere in clear.
CREATE TABLE grants (
    id TEXT NOT NULL PRIMARY KEY,      -- 128 random bits in hexadecimal, like every id here
    database_name TEXT NOT NULL,       -- as the gateway calls it
    uid INTEGER NOT NULL,
    login TEXT NOT NULL,
    credential BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- What clients show. An API key is also the account that login tokens are made for.
CREATE TABLE tokens (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('api_key', 'login_token', 'access_token', 'odoo_key')),
    token_index BLOB NOT NULL,         -- HMAC-SHA256(index key, token)
    shown TEXT NOT NULL,               -- the token's first characters, for people
    grant_id TEXT NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    account_id TEXT REFERENCES tokens (id) ON DELETE CASCADE,
    scope TEXT NOT NULL,               -- JSON
    created_at INTEGER NOT NULL,
    not_after INTEGER,                 -- NULL: without end
    idle_seconds INTEGER,              -- ends when it is not used for so long; NULL: never for that
    last_used_at INTEGER,              -- to the minute
    disabled_at INTEGER,
    CONSTRAINT tokens_index_once UNIQUE (token_index)
) STRICT;
CREATE INDEX tokens_of_grant ON tokens (grant_id);
CREATE INDEX tokens_of_account ON tokens (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX tokens_by_end ON tokens (not_after) WHERE not_after IS NOT NULL;

-- The data key of a grant, for one token that may use it: sealed under the token, and again under the master key.
CREATE TABLE wraps (
    token_id TEXT NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
    grant_id TEXT NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    blob BLOB NOT NULL,
    kid TEXT NOT NULL,
    PRIMARY KEY (token_id, grant_id)
) STRICT;
CREATE INDEX wraps_of_grant ON wraps (grant_id);
CREATE INDEX wraps_by_key ON wraps (kid);

-- What limits an API key beyond its scope.
CREATE TABLE api_keys (
    token_id TEXT NOT NULL PRIMARY KEY REFERENCES tokens (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    needs_login_token INTEGER NOT NULL CHECK (needs_login_token IN (0, 1)),
    may_mint_for_others INTEGER NOT NULL CHECK (may_mint_for_others IN (0, 1)),
    networks TEXT NOT NULL,            -- client addresses, with commas between; empty: any
    rate_requests INTEGER,             -- in rate_seconds; NULL: as many as they like
    rate_seconds INTEGER,
    rate_burst INTEGER,
    CONSTRAINT api_keys_name_once UNIQUE (name)
) STRICT;

-- Who did what to credentials. Rows are added and never changed.
CREATE TABLE audit_log (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    act TEXT NOT NULL,                 -- as 'key.create'
    subject TEXT NOT NULL,             -- the id of what it was done to
    detail TEXT NOT NULL               -- for people, no secrets
) STRICT;
CREATE TRIGGER audit_log_is_not_changed BEFORE UPDATE ON audit_log
BEGIN SELECT RAISE(ABORT, 'the audit log is not changed'); END;
CREATE TRIGGER audit_log_is_not_shortened BEFORE DELETE ON audit_log
BEGIN SELECT RAISE(ABORT, 'the audit log is not changed'); END;
