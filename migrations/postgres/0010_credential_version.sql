-- Gateways keep opened credentials in memory. One row changes with everything that a token opens, in the same
-- transaction, so that a gateway learns from one small query that it must read its rows again. Triggers change it, so
-- no writer can forget it: neither another process nor an administrator's SQL.
CREATE TABLE credential_version (
    singleton BIGINT NOT NULL PRIMARY KEY CHECK (singleton = 1),
    version BIGINT NOT NULL -- a new random number with each change, so that a restored backup is one, too
);
INSERT INTO credential_version (singleton, version) VALUES (1, CAST(floor(random() * 9007199254740992) AS BIGINT));

-- The row is the last that a transaction locks, because the triggers are deferred to the commit: so it causes no
-- deadlock. The schema is that of the table, whatever the search path of the session.
--
-- A transaction writes the row once, however many rows it changes: each further version of the row would make the next
-- update slower. xmin is the transaction that wrote the version of the row which the update sees. If another one
-- commits while the update waits for its lock, xmin is compared again. After a savepoint xmin is that of the
-- subtransaction, which only costs another write.
CREATE FUNCTION change_credential_version() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    EXECUTE format('UPDATE %I.credential_version SET version = CAST(floor(random() * 9007199254740992) AS BIGINT) '
        'WHERE xmin <> pg_current_xact_id()::xid', TG_TABLE_SCHEMA);
    RETURN NULL;
END $$;

-- For rows of tokens that may be in memory. A row of a deleted token counts with the token.
CREATE FUNCTION change_credential_version_of_token() RETURNS trigger LANGUAGE plpgsql AS
$$ DECLARE
    counts BOOLEAN;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I.tokens WHERE id = $1 AND kind NOT IN (''oauth2_code'', '
        '''oauth2_refresh'', ''session'', ''oauth1_request''))', TG_TABLE_SCHEMA) INTO counts USING OLD.token_id;
    IF counts THEN
        EXECUTE format('UPDATE %I.credential_version SET version = CAST(floor(random() * 9007199254740992) AS BIGINT) '
            'WHERE xmin <> pg_current_xact_id()::xid', TG_TABLE_SCHEMA);
    END IF;
    RETURN NULL;
END $$;

-- Codes, refresh tokens, sessions and request tokens are read at each use, so their rows do not count. New rows do not
-- count either: nothing about them can be in memory. last_used_at, tries and parent_id open nothing.
CREATE CONSTRAINT TRIGGER credential_version_tokens_delete AFTER DELETE ON tokens
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
WHEN (OLD.kind NOT IN ('oauth2_code', 'oauth2_refresh', 'session', 'oauth1_request'))
EXECUTE FUNCTION change_credential_version();

CREATE CONSTRAINT TRIGGER credential_version_tokens_update AFTER UPDATE OF id, kind, token_index, index_kid, grant_id,
    account_id, scope, created_at, not_after, idle_seconds, disabled_at ON tokens
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
WHEN (OLD.kind NOT IN ('oauth2_code', 'oauth2_refresh', 'session', 'oauth1_request')
    OR NEW.kind IS DISTINCT FROM OLD.kind)
EXECUTE FUNCTION change_credential_version();

CREATE CONSTRAINT TRIGGER credential_version_wraps_delete AFTER DELETE ON wraps
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
EXECUTE FUNCTION change_credential_version_of_token();

CREATE CONSTRAINT TRIGGER credential_version_wraps_update AFTER UPDATE ON wraps
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
EXECUTE FUNCTION change_credential_version();

CREATE CONSTRAINT TRIGGER credential_version_oauth_tokens_delete AFTER DELETE ON oauth_tokens
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
EXECUTE FUNCTION change_credential_version_of_token();

-- Statements that only lock rows set a column to its own value.
CREATE CONSTRAINT TRIGGER credential_version_oauth_tokens_update AFTER UPDATE OF token_id, family_id, redirect_uri,
    challenge, headless, secret, spent_at ON oauth_tokens
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
WHEN (OLD.* IS DISTINCT FROM NEW.*)
EXECUTE FUNCTION change_credential_version_of_token();

CREATE CONSTRAINT TRIGGER credential_version_grants_update AFTER UPDATE ON grants
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
WHEN (OLD.* IS DISTINCT FROM NEW.*)
EXECUTE FUNCTION change_credential_version();

CREATE CONSTRAINT TRIGGER credential_version_api_keys_delete AFTER DELETE ON api_keys
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
EXECUTE FUNCTION change_credential_version();

CREATE CONSTRAINT TRIGGER credential_version_api_keys_update AFTER UPDATE ON api_keys
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
EXECUTE FUNCTION change_credential_version();

CREATE CONSTRAINT TRIGGER credential_version_applications_delete AFTER DELETE ON applications
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
EXECUTE FUNCTION change_credential_version();

CREATE CONSTRAINT TRIGGER credential_version_applications_update AFTER UPDATE ON applications
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
EXECUTE FUNCTION change_credential_version();

-- TRUNCATE fires no triggers of rows. Truncating tokens or grants truncates wraps.
CREATE TRIGGER credential_version_wraps_truncate AFTER TRUNCATE ON wraps
FOR EACH STATEMENT EXECUTE FUNCTION change_credential_version();
CREATE TRIGGER credential_version_api_keys_truncate AFTER TRUNCATE ON api_keys
FOR EACH STATEMENT EXECUTE FUNCTION change_credential_version();
