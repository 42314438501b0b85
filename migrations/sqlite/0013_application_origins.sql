-- The origins whose scripts may read what the gateway answers to an application (CORS).
CREATE TABLE application_origins (
    application_id TEXT NOT NULL REFERENCES applications (token_id) ON DELETE CASCADE,
    origin TEXT NOT NULL,              -- as browsers send it
    PRIMARY KEY (application_id, origin)
) STRICT;

-- Gateways keep the origins in memory like credentials. Unlike a new credential, a new origin is a change.
CREATE TRIGGER credential_version_application_origins_insert AFTER INSERT ON application_origins
BEGIN UPDATE credential_version SET version = random(); END;
CREATE TRIGGER credential_version_application_origins_update AFTER UPDATE ON application_origins
BEGIN UPDATE credential_version SET version = random(); END;
CREATE TRIGGER credential_version_application_origins_delete AFTER DELETE ON application_origins
BEGIN UPDATE credential_version SET version = random(); END;
