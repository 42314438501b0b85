-- A refresh token that is sent again a moment after it was exchanged gets another pair of tokens, if those that came of it
-- are not used: so they know what they came of.
ALTER TABLE oauth_tokens ADD COLUMN parent_id TEXT; -- the token that was exchanged for this one
CREATE INDEX oauth_tokens_of_parent ON oauth_tokens (parent_id);
