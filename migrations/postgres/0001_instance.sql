-- This installation: one row, made once, the same for every gateway that shares the store.
CREATE TABLE instance (
    singleton BIGINT NOT NULL PRIMARY KEY CHECK (singleton = 1),
    id TEXT NOT NULL,           -- 128 random bits in hexadecimal
    created_at BIGINT NOT NULL  -- seconds since 1970, UTC
);
