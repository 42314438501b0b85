-- How much each API key and application is used: sums of an hour, of all gateways together. Rows are deleted after a
-- month, and with the key.
CREATE TABLE usage_counts (
    token_id TEXT NOT NULL REFERENCES tokens (id) ON DELETE CASCADE, -- the API key or application
    hour BIGINT NOT NULL,              -- when it began
    requests BIGINT NOT NULL,
    errors BIGINT NOT NULL,            -- those of the requests that were answered with a status of 400 or more
    PRIMARY KEY (token_id, hour)
);
CREATE INDEX usage_counts_by_hour ON usage_counts (hour);
