//! The URL of the store: a SQLite file or a PostgreSQL database.
//!
//! In: `sqlite:FILE` or `postgres://USER[:PASSWORD]@HOST[:PORT]/DATABASE[?OPTIONS]`. Out: [`DatabaseUrl`] with the
//! password separated. Must not know: how to connect. Errors and `Debug` do not contain the URL, because it may
//! contain a password.

use std::path::PathBuf;

use secrecy::SecretString;
use serde::de::{Deserialize, Deserializer, Error};
use url::Url;

/// The database of the store.
#[derive(Debug, Clone)]
pub enum DatabaseUrl {
    /// A SQLite file, relative to the working directory or absolute.
    Sqlite {
        /// The path of the file.
        file: PathBuf,
    },
    /// A PostgreSQL database.
    Postgres {
        /// The URL without the password.
        url: Url,
        /// The decoded password of the URL.
        password: Option<SecretString>,
    },
}

impl DatabaseUrl {
    /// Parses the URL of a database.
    ///
    /// # Errors
    /// Describes what is wrong with the text, without quoting it.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("sqlite", rest)) => parse_sqlite(rest.strip_prefix("//").unwrap_or(rest)),
            Some(("postgres" | "postgresql", _)) => parse_postgres(text),
            _ => Err("expected \"sqlite:FILE\" or \"postgres://USER@HOST:PORT/DATABASE\"".to_owned()),
        }
    }
}

impl<'de> Deserialize<'de> for DatabaseUrl {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(source)?).map_err(D::Error::custom)
    }
}

fn parse_sqlite(file: &str) -> Result<DatabaseUrl, String> {
    match file {
        "" => Err("the file name after sqlite: is missing".to_owned()),
        ":memory:" => Err("a store in memory loses everything at a restart: name a file".to_owned()),
        file if file.contains('?') => Err("options after ? are not accepted: the gateway sets them itself".to_owned()),
        file => Ok(DatabaseUrl::Sqlite { file: file.into() }),
    }
}

fn parse_postgres(text: &str) -> Result<DatabaseUrl, String> {
    let mut url = Url::parse(text).map_err(|cause| format!("invalid URL: {cause}"))?;
    if url.host_str().is_none_or(str::is_empty) && !url.query_pairs().any(|(key, _)| key == "host") {
        return Err("the host is missing, as in postgres://USER@HOST:PORT/DATABASE".to_owned());
    }
    if url.path().len() < 2 && !url.query_pairs().any(|(key, _)| key == "dbname") {
        return Err("the database name is missing, as in postgres://USER@HOST:PORT/DATABASE".to_owned());
    }
    if url.query_pairs().any(|(key, _)| key == "password") {
        return Err("the password must not be an option after ?: use store.password or store.password_file".to_owned());
    }
    let password = url.password().map(decoded).transpose()?.map(SecretString::from);
    if password.is_some() && url.set_password(None).is_err() {
        return Err("the URL has a password but no host".to_owned());
    }
    Ok(DatabaseUrl::Postgres { url, password })
}

fn decoded(text: &str) -> Result<String, String> {
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8();
    decoded.map(Into::into).map_err(|_| "the password is not valid UTF-8 after percent-decoding".to_owned())
}

/// Returns the text with `mask` in place of the password; only `mask` if the text is not a valid URL.
pub(super) fn redacted(text: &str, mask: &str) -> String {
    let has_password = |url: &Url| url.password().is_some();
    match (DatabaseUrl::parse(text), Url::parse(text)) {
        (Ok(_), Ok(mut url)) if has_password(&url) => {
            url.set_password(Some(mask)).map_or(mask.to_owned(), |()| url.into())
        }
        (Ok(_), _) => text.to_owned(),
        (Err(_), _) => mask.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn store_urls_are_parsed_or_rejected() {
        for (text, expected) in
            [("sqlite:a.db", "a.db"), ("sqlite://a.db", "a.db"), ("sqlite:///var/a b.db", "/var/a b.db")]
        {
            assert!(
                matches!(DatabaseUrl::parse(text), Ok(DatabaseUrl::Sqlite { file }) if file.as_os_str() == expected)
            );
        }
        let Ok(DatabaseUrl::Postgres { url, password }) =
            DatabaseUrl::parse("postgresql://u:p%40ss@[::1]:5/d?sslmode=require")
        else {
            panic!("not a PostgreSQL URL");
        };
        assert_eq!(
            (url.as_str(), password.unwrap().expose_secret()),
            ("postgresql://u@[::1]:5/d?sslmode=require", "p@ss")
        );
        for invalid in [
            "",
            "x",
            "sqlite:",
            "sqlite::memory:",
            "sqlite:a?mode=rwc",
            "postgres:",
            "postgres://h",
            "postgres:///d",
            "postgres://h/d?password=x",
            "postgres://u:%ff@h/d",
            "postgres://h:99999/d",
            "mysql://h/d",
        ] {
            assert!(DatabaseUrl::parse(invalid).is_err(), "{invalid}");
        }
    }

    #[test]
    fn passwords_in_urls_are_redacted() {
        assert_eq!(redacted("postgres://u:hunter2@h/d?sslmode=require", "***"), "postgres://u:***@h/d?sslmode=require");
        assert_eq!(redacted("postgres://u:hunter2@", "***"), "***");
        assert_eq!(redacted("sqlite:a.db", "***"), "sqlite:a.db");
    }
}
