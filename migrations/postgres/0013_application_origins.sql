-- The origins whose scripts may read what the gateway answers to an application (CORS).
CREATE TABLE application_origins (
    application_id TEXT NOT NULL REFERENCES applications (token_id) ON DELETE CASCADE,
    origin TEXT NOT NULL,              -- as browsers send it
    PRIMARY KEY (application_id, origin)
);

-- Gateways keep the origins in memory like credentials. Unlike a new credential, a new origin is a change.
CREATE CONSTRAINT TRIGGER credential_version_application_origins AFTER INSERT OR UPDATE OR DELETE ON application_origins
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
EXECUTE FUNCTION change_credential_version();

-- TRUNCATE fires no triggers of rows.
CREATE TRIGGER credential_version_application_origins_truncate AFTER TRUNCATE ON application_origins
FOR EACH STATEMENT EXECUTE FUNCTION change_credential_version();
