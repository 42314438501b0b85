-- How often somebody tried to guess the verifier of a request token of OAuth 1.
ALTER TABLE oauth_tokens ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
