-- What the gateway knows about the Odoo API key that a grant seals, so that it can renew the key before it ends. A row
-- is written when the credential is used while odoo_keys.renew is on, or when the gateway creates the key.
CREATE TABLE odoo_keys (
    grant_id TEXT NOT NULL PRIMARY KEY REFERENCES grants (id) ON DELETE CASCADE,
    key_hash BLOB,                     -- HMAC-SHA256(index key, Odoo key); NULL: the credential is a password
    key_hash_kid TEXT,                 -- the id of the index key
    name TEXT,                         -- the key's name in Odoo, if the gateway has created it
    ends_at INTEGER,                   -- NULL: never, or not known
    password BLOB,                     -- the user's password, sealed under the data key, where Odoo asks for it
    replaced BLOB,                     -- the key before, sealed under the data key, until it is revoked in Odoo
    replaced_hash BLOB,
    replaced_hash_kid TEXT,
    replaced_name TEXT,
    replaced_ends_at INTEGER,          -- not reliable if replaced_name is NULL
    replaced_at INTEGER,
    failures INTEGER NOT NULL DEFAULT 0, -- attempts that failed, since the last one that succeeded
    failure TEXT,                      -- why the last one failed, for people
    next_check_at INTEGER NOT NULL DEFAULT 0, -- 0: it was not looked at yet
    claimed_until INTEGER NOT NULL DEFAULT 0 -- until then one gateway works on the key; it identifies the claim
) STRICT;
CREATE INDEX odoo_keys_that_failed ON odoo_keys (failures) WHERE failures > 0;
