-- While gateways are replaced one after the other, an older version uses this schema, too. A migration that removes
-- something sets this to the version of the schema that a gateway must at least know.
ALTER TABLE instance ADD COLUMN oldest_schema BIGINT NOT NULL DEFAULT 0;
