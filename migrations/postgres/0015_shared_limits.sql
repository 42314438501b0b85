-- Limits that hold over all gateways: each gateway that is alive, the slots that it holds, and the levels of buckets.
-- Times are seconds since 1970 by the clock of the database, so that those of the gateways need not agree.
CREATE TABLE gateways (
    id TEXT NOT NULL PRIMARY KEY,      -- a new random one at each start
    expires_at DOUBLE PRECISION NOT NULL -- its slots are free after this time, unless it renews them
);

-- What a gateway holds of a number of slots. A row of a bucket only says that the gateway uses it.
CREATE TABLE leases (
    budget TEXT NOT NULL,              -- the name of the limit
    gateway_id TEXT NOT NULL REFERENCES gateways (id) ON DELETE CASCADE,
    held BIGINT NOT NULL,
    wanted BIGINT NOT NULL,
    PRIMARY KEY (budget, gateway_id)
);
CREATE INDEX leases_by_gateway ON leases (gateway_id);

CREATE TABLE shared_buckets (
    budget TEXT NOT NULL PRIMARY KEY,  -- the name of the limit
    level DOUBLE PRECISION NOT NULL,   -- the tokens at updated_at; negative if too many were used
    burst DOUBLE PRECISION NOT NULL,
    per_second DOUBLE PRECISION NOT NULL,
    updated_at DOUBLE PRECISION NOT NULL
);
