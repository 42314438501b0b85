-- Keys of the installation itself can be exchanged: a second row of sealed_keys, as 'index.before', holds the one before.
ALTER TABLE tokens ADD COLUMN index_kid TEXT; -- the index key of token_index; NULL: the first one there was

-- How many requests an API key may have under way at one time; NULL: as many as they like.
ALTER TABLE api_keys ADD COLUMN concurrent BIGINT;
