-- Requests under an idempotency key, each done once. Whoever reads all of this learns neither keys nor requests nor
-- answers; see src/secret/repeat.rs.
CREATE TABLE repeats (
    repeat_index BYTEA NOT NULL PRIMARY KEY, -- hash of the credential and the key
    claim TEXT NOT NULL,                    -- 128 random bits in hexadecimal: who does it
    request BYTEA NOT NULL,                  -- keyed hash of what was asked
    claimed_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    answer BYTEA                             -- sealed; NULL while nobody has said what came of it
);
CREATE INDEX repeats_by_end ON repeats (ends_at);
