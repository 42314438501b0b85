-- The address of the client that used a token last, so that people recognize their sessions and keys.
ALTER TABLE tokens ADD COLUMN last_address TEXT; -- NULL: never used since this column exists
