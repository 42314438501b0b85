-- Limits that hold over all gateways. One gateway uses a SQLite file, so these tables are empty: they exist because both
-- databases have the same tables.
CREATE TABLE gateways (
    id TEXT NOT NULL PRIMARY KEY,
    expires_at REAL NOT NULL
) STRICT;

CREATE TABLE leases (
    budget TEXT NOT NULL,
    gateway_id TEXT NOT NULL REFERENCES gateways (id) ON DELETE CASCADE,
    held INTEGER NOT NULL,
    wanted INTEGER NOT NULL,
    PRIMARY KEY (budget, gateway_id)
) STRICT;
CREATE INDEX leases_by_gateway ON leases (gateway_id);

CREATE TABLE shared_buckets (
    budget TEXT NOT NULL PRIMARY KEY,
    level REAL NOT NULL,
    burst REAL NOT NULL,
    per_second REAL NOT NULL,
    updated_at REAL NOT NULL
) STRICT;
