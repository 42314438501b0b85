-- API keys for several users: who may create login tokens with them, and for how long. The columns count for the key's
-- wrap only where they differ from the default, so that wraps sealed before still open.
ALTER TABLE api_keys ADD COLUMN open_to_all_users BIGINT NOT NULL DEFAULT 0 CHECK (open_to_all_users IN (0, 1));
ALTER TABLE api_keys ADD COLUMN login_token_days BIGINT; -- the longest lifetime; NULL: as the gateway is configured

-- Few of many keys are for several users.
CREATE INDEX api_keys_for_others ON api_keys (token_id) WHERE may_mint_for_others = 1;
CREATE INDEX grants_of_user ON grants (database_name, uid);

-- What changes the version of credentials, again. New here:
-- - Sessions of the console are read at each use, as those of the authorization pages are.
-- - A token that is moved to a newer index key opens what it opened before.
-- - A statement that sets columns to the values that they have changes nothing.
-- - A wrap of a token that is never in memory does not count when it is sealed again, either.
CREATE OR REPLACE FUNCTION change_credential_version_of_token() RETURNS trigger LANGUAGE plpgsql AS
$$ DECLARE
    counts BOOLEAN;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I.tokens WHERE id = $1 AND kind NOT IN (''oauth2_code'', '
        '''oauth2_refresh'', ''session'', ''console_session'', ''oauth1_request''))', TG_TABLE_SCHEMA)
        INTO counts USING OLD.token_id;
    IF counts THEN
        EXECUTE format('UPDATE %I.credential_version SET version = CAST(floor(random() * 9007199254740992) AS BIGINT) '
            'WHERE xmin <> pg_current_xact_id()::xid', TG_TABLE_SCHEMA);
    END IF;
    RETURN NULL;
END $$;

DROP TRIGGER credential_version_tokens_delete ON tokens;
CREATE CONSTRAINT TRIGGER credential_version_tokens_delete AFTER DELETE ON tokens
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
WHEN (OLD.kind NOT IN ('oauth2_code', 'oauth2_refresh', 'session', 'console_session', 'oauth1_request'))
EXECUTE FUNCTION change_credential_version();

DROP TRIGGER credential_version_tokens_update ON tokens;
CREATE CONSTRAINT TRIGGER credential_version_tokens_update AFTER UPDATE OF id, kind, token_index, index_kid, grant_id,
    account_id, scope, created_at, not_after, idle_seconds, disabled_at ON tokens
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
WHEN ((OLD.kind NOT IN ('oauth2_code', 'oauth2_refresh', 'session', 'console_session', 'oauth1_request')
    OR NEW.kind IS DISTINCT FROM OLD.kind)
    AND ((OLD.id, OLD.kind, OLD.grant_id, OLD.account_id, OLD.scope, OLD.created_at, OLD.not_after, OLD.idle_seconds,
    OLD.disabled_at) IS DISTINCT FROM (NEW.id, NEW.kind, NEW.grant_id, NEW.account_id, NEW.scope, NEW.created_at,
    NEW.not_after, NEW.idle_seconds, NEW.disabled_at)
    OR (OLD.token_index IS DISTINCT FROM NEW.token_index AND OLD.index_kid IS NOT DISTINCT FROM NEW.index_kid)))
EXECUTE FUNCTION change_credential_version();

DROP TRIGGER credential_version_wraps_update ON wraps;
CREATE CONSTRAINT TRIGGER credential_version_wraps_update AFTER UPDATE ON wraps
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
EXECUTE FUNCTION change_credential_version_of_token();
