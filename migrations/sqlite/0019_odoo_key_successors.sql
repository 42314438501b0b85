-- Several grants of a user can seal the same Odoo API key. When one of them renews it, the others find the new key here:
-- sealed under the replaced one, which they have, and under the index key.
ALTER TABLE odoo_keys ADD COLUMN successor BLOB;
CREATE INDEX odoo_keys_by_replaced ON odoo_keys (replaced_hash) WHERE replaced_hash IS NOT NULL;
