-- Gateways keep opened credentials in memory. One row changes with everything that a token opens, in the same
-- transaction, so that a gateway learns from one small query that it must read its rows again. Triggers change it, so
-- no writer can forget it: neither another process nor an administrator's SQL.
CREATE TABLE credential_version (
    singleton INTEGER NOT NULL PRIMARY KEY CHECK (singleton = 1),
    version INTEGER NOT NULL -- a new random number with each change, so that a restored backup is one, too
) STRICT;
INSERT INTO credential_version (singleton, version) VALUES (1, random());

-- Codes, refresh tokens, sessions and request tokens are read at each use, so their rows do not count. New rows do not
-- count either: nothing about them can be in memory. last_used_at, tries and parent_id open nothing.
CREATE TRIGGER credential_version_tokens_delete AFTER DELETE ON tokens
WHEN OLD.kind NOT IN ('oauth2_code', 'oauth2_refresh', 'session', 'oauth1_request')
BEGIN UPDATE credential_version SET version = random(); END;

CREATE TRIGGER credential_version_tokens_update AFTER UPDATE OF id, kind, token_index, index_kid, grant_id, account_id,
    scope, created_at, not_after, idle_seconds, disabled_at ON tokens
WHEN OLD.kind NOT IN ('oauth2_code', 'oauth2_refresh', 'session', 'oauth1_request') OR NEW.kind IS NOT OLD.kind
BEGIN UPDATE credential_version SET version = random(); END;

-- A row of a deleted token counts with the token.
CREATE TRIGGER credential_version_wraps_delete AFTER DELETE ON wraps
WHEN EXISTS (SELECT 1 FROM tokens WHERE id = OLD.token_id
    AND kind NOT IN ('oauth2_code', 'oauth2_refresh', 'session', 'oauth1_request'))
BEGIN UPDATE credential_version SET version = random(); END;

CREATE TRIGGER credential_version_wraps_update AFTER UPDATE ON wraps
BEGIN UPDATE credential_version SET version = random(); END;

CREATE TRIGGER credential_version_oauth_tokens_delete AFTER DELETE ON oauth_tokens
WHEN EXISTS (SELECT 1 FROM tokens WHERE id = OLD.token_id
    AND kind NOT IN ('oauth2_code', 'oauth2_refresh', 'session', 'oauth1_request'))
BEGIN UPDATE credential_version SET version = random(); END;

-- Statements that only lock rows set a column to its own value.
CREATE TRIGGER credential_version_oauth_tokens_update AFTER UPDATE OF token_id, family_id, redirect_uri, challenge,
    headless, secret, spent_at ON oauth_tokens
WHEN (OLD.token_id IS NOT NEW.token_id OR OLD.family_id IS NOT NEW.family_id OR OLD.redirect_uri IS NOT NEW.redirect_uri
    OR OLD.challenge IS NOT NEW.challenge OR OLD.headless IS NOT NEW.headless OR OLD.secret IS NOT NEW.secret
    OR OLD.spent_at IS NOT NEW.spent_at)
    AND EXISTS (SELECT 1 FROM tokens WHERE id IN (OLD.token_id, NEW.token_id)
    AND kind NOT IN ('oauth2_code', 'oauth2_refresh', 'session', 'oauth1_request'))
BEGIN UPDATE credential_version SET version = random(); END;

CREATE TRIGGER credential_version_grants_update AFTER UPDATE ON grants
WHEN OLD.id IS NOT NEW.id OR OLD.database_name IS NOT NEW.database_name OR OLD.uid IS NOT NEW.uid
    OR OLD.login IS NOT NEW.login OR OLD.credential IS NOT NEW.credential OR OLD.created_at IS NOT NEW.created_at
BEGIN UPDATE credential_version SET version = random(); END;

CREATE TRIGGER credential_version_api_keys_delete AFTER DELETE ON api_keys
BEGIN UPDATE credential_version SET version = random(); END;

CREATE TRIGGER credential_version_api_keys_update AFTER UPDATE ON api_keys
BEGIN UPDATE credential_version SET version = random(); END;

CREATE TRIGGER credential_version_applications_delete AFTER DELETE ON applications
BEGIN UPDATE credential_version SET version = random(); END;

CREATE TRIGGER credential_version_applications_update AFTER UPDATE ON applications
BEGIN UPDATE credential_version SET version = random(); END;
