-- API keys for several users: who may create login tokens with them, and for how long. The columns count for the key's
-- wrap only where they differ from the default, so that wraps sealed before still open.
ALTER TABLE api_keys ADD COLUMN open_to_all_users INTEGER NOT NULL DEFAULT 0 CHECK (open_to_all_users IN (0, 1));
ALTER TABLE api_keys ADD COLUMN login_token_days INTEGER; -- the longest lifetime; NULL: as the gateway is configured

-- Few of many keys are for several users.
CREATE INDEX api_keys_for_others ON api_keys (token_id) WHERE may_mint_for_others = 1;
CREATE INDEX grants_of_user ON grants (database_name, uid);

-- What changes the version of credentials, again. New here:
-- - Sessions of the console are read at each use, as those of the authorization pages are.
-- - A token that is moved to a newer index key opens what it opened before.
-- - A statement that sets columns to the values that they have changes nothing.
-- - A wrap of a token that is never in memory does not count when it is sealed again, either.
DROP TRIGGER credential_version_tokens_delete;
CREATE TRIGGER credential_version_tokens_delete AFTER DELETE ON tokens
WHEN OLD.kind NOT IN ('oauth2_code', 'oauth2_refresh', 'session', 'console_session', 'oauth1_request')
BEGIN UPDATE credential_version SET version = random(); END;

DROP TRIGGER credential_version_tokens_update;
CREATE TRIGGER credential_version_tokens_update AFTER UPDATE OF id, kind, token_index, index_kid, grant_id, account_id,
    scope, created_at, not_after, idle_seconds, disabled_at ON tokens
WHEN (OLD.kind NOT IN ('oauth2_code', 'oauth2_refresh', 'session', 'console_session', 'oauth1_request')
    OR NEW.kind IS NOT OLD.kind)
    AND (OLD.id IS NOT NEW.id OR OLD.kind IS NOT NEW.kind OR OLD.grant_id IS NOT NEW.grant_id
    OR OLD.account_id IS NOT NEW.account_id OR OLD.scope IS NOT NEW.scope OR OLD.created_at IS NOT NEW.created_at
    OR OLD.not_after IS NOT NEW.not_after OR OLD.idle_seconds IS NOT NEW.idle_seconds
    OR OLD.disabled_at IS NOT NEW.disabled_at
    OR (OLD.token_index IS NOT NEW.token_index AND OLD.index_kid IS NEW.index_kid))
BEGIN UPDATE credential_version SET version = random(); END;

DROP TRIGGER credential_version_wraps_delete;
CREATE TRIGGER credential_version_wraps_delete AFTER DELETE ON wraps
WHEN EXISTS (SELECT 1 FROM tokens WHERE id = OLD.token_id
    AND kind NOT IN ('oauth2_code', 'oauth2_refresh', 'session', 'console_session', 'oauth1_request'))
BEGIN UPDATE credential_version SET version = random(); END;

DROP TRIGGER credential_version_wraps_update;
CREATE TRIGGER credential_version_wraps_update AFTER UPDATE ON wraps
WHEN EXISTS (SELECT 1 FROM tokens WHERE id IN (OLD.token_id, NEW.token_id)
    AND kind NOT IN ('oauth2_code', 'oauth2_refresh', 'session', 'console_session', 'oauth1_request'))
BEGIN UPDATE credential_version SET version = random(); END;

DROP TRIGGER credential_version_oauth_tokens_delete;
CREATE TRIGGER credential_version_oauth_tokens_delete AFTER DELETE ON oauth_tokens
WHEN EXISTS (SELECT 1 FROM tokens WHERE id = OLD.token_id
    AND kind NOT IN ('oauth2_code', 'oauth2_refresh', 'session', 'console_session', 'oauth1_request'))
BEGIN UPDATE credential_version SET version = random(); END;

DROP TRIGGER credential_version_oauth_tokens_update;
CREATE TRIGGER credential_version_oauth_tokens_update AFTER UPDATE OF token_id, family_id, redirect_uri, challenge,
    headless, secret, spent_at ON oauth_tokens
WHEN (OLD.token_id IS NOT NEW.token_id OR OLD.family_id IS NOT NEW.family_id OR OLD.redirect_uri IS NOT NEW.redirect_uri
    OR OLD.challenge IS NOT NEW.challenge OR OLD.headless IS NOT NEW.headless OR OLD.secret IS NOT NEW.secret
    OR OLD.spent_at IS NOT NEW.spent_at)
    AND EXISTS (SELECT 1 FROM tokens WHERE id IN (OLD.token_id, NEW.token_id)
    AND kind NOT IN ('oauth2_code', 'oauth2_refresh', 'session', 'console_session', 'oauth1_request'))
BEGIN UPDATE credential_version SET version = random(); END;
