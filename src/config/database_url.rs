//! Where the store lies: a file of SQLite or a database of PostgreSQL.
//!
//! In: `sqlite:FILE` or `postgres://USER[:PASSWORD]@HOST[:PORT]/DATABASE[?OPTIONS]`. Out: [`DatabaseUrl`], the password
//! apart. Must not know: how to connect. No message and no `Debug` shows the text: it may hold a password.

use std::path::PathBuf;

use secrecy::SecretString;
use serde::de::{Deserialize, Deserializer, Error};
use url::Url;

/// A database to connect to.
#[derive(Debug, Clone)]
pub enum DatabaseUrl {
    /// A file of SQLite, relative to the working directory or absolute.
    Sqlite {
        /// The file's path.
        file: PathBuf,
    },
    /// A database of PostgreSQL.
    Postgres {
        /// The URL without its password.
        url: Url,
        /// The password that stood in the URL, decoded.
        password: Option<SecretString>,
    },
}

impl DatabaseUrl {
    /// Reads a database's URL.
    ///
    /// # Errors
    /// What is wrong with the text, without quoting it.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("sqlite", rest)) => sqlite(rest.strip_prefix("//").unwrap_or(rest)),
            Some(("postgres" | "postgresql", _)) => postgres(text),
            _ => Err("expected \"sqlite:FILE\" or \"postgres://USER@HOST:PORT/DATABASE\"".to_owned()),
        }
    }
}

impl<'de> Deserialize<'de> for DatabaseUrl {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(source)?).map_err(D::Error::custom)
    }
}

fn sqlite(file: &str) -> Result<DatabaseUrl, String> {
    match file {
        "" => Err("the file's name is missing after sqlite:".to_owned()),
        ":memory:" => Err("a store in memory would forget everything: name a file".to_owned()),
        file if file.contains('?') => Err("options after ? are not taken: the gateway sets them itself".to_owned()),
        file => Ok(DatabaseUrl::Sqlite { file: file.into() }),
    }
}

fn postgres(text: &str) -> Result<DatabaseUrl, String> {
    let mut url = Url::parse(text).map_err(|cause| format!("this is not a URL: {cause}"))?;
    if url.host_str().is_none_or(str::is_empty) && !url.query_pairs().any(|(key, _)| key == "host") {
        return Err("the host is missing, as in postgres://USER@HOST:PORT/DATABASE".to_owned());
    }
    if url.path().len() < 2 && !url.query_pairs().any(|(key, _)| key == "dbname") {
        return Err("the database's name is missing, as in postgres://USER@HOST:PORT/DATABASE".to_owned());
    }
    if url.query_pairs().any(|(key, _)| key == "password") {
        return Err("the password does not belong behind the ?: use store.password or store.password_file".to_owned());
    }
    let password = url.password().map(decoded).transpose()?.map(SecretString::from);
    if password.is_some() && url.set_password(None).is_err() {
        return Err("a password without a host".to_owned());
    }
    Ok(DatabaseUrl::Postgres { url, password })
}

fn decoded(text: &str) -> Result<String, String> {
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8();
    decoded.map(Into::into).map_err(|_| "the password is not UTF-8 after decoding".to_owned())
}

/// The text with `mask` in the place of its password, wherever that may stand.
pub(super) fn redacted(text: &str, mask: &str) -> String {
    let secret = |url: &Url| url.password().is_some();
    match (DatabaseUrl::parse(text), Url::parse(text)) {
        (Ok(_), Ok(mut url)) if secret(&url) => url.set_password(Some(mask)).map_or(mask.to_owned(), |()| url.into()),
        (Ok(_), _) => text.to_owned(),
        (Err(_), _) => mask.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn urls_of_the_store_are_read_or_refused() {
        for (text, wanted) in
            [("sqlite:a.db", "a.db"), ("sqlite://a.db", "a.db"), ("sqlite:///var/a b.db", "/var/a b.db")]
        {
            assert!(matches!(DatabaseUrl::parse(text), Ok(DatabaseUrl::Sqlite { file }) if file.as_os_str() == wanted));
        }
        let Ok(DatabaseUrl::Postgres { url, password }) =
            DatabaseUrl::parse("postgresql://u:p%40ss@[::1]:5/d?sslmode=require")
        else {
            panic!("a URL of PostgreSQL");
        };
        assert_eq!(
            (url.as_str(), password.unwrap().expose_secret()),
            ("postgresql://u@[::1]:5/d?sslmode=require", "p@ss")
        );
        for bad in [
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
            assert!(DatabaseUrl::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_password_in_a_url_is_never_shown() {
        assert_eq!(redacted("postgres://u:hunter2@h/d?sslmode=require", "***"), "postgres://u:***@h/d?sslmode=require");
        assert_eq!(redacted("postgres://u:hunter2@", "***"), "***");
        assert_eq!(redacted("sqlite:a.db", "***"), "sqlite:a.db");
    }
}
