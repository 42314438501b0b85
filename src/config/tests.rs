//! The layers, the mistakes and the defaults, from the outside.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::ExposeSecret;

use super::*;

/// A configuration file and an environment to load.
struct Given {
    folder: tempfile::TempDir,
    environment: Vec<(OsString, OsString)>,
}

fn given(text: &str) -> Given {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("gateway.toml"), text).unwrap();
    Given { folder, environment: Vec::new() }
}

impl Given {
    fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn load(&self) -> Result<Config, Mistakes> {
        Config::load(Some(&self.file("gateway.toml")), self.environment.clone())
    }

    /// The mistakes as text, the folder's name left out.
    fn mistakes(&self) -> String {
        let folder = format!("{}/", self.folder.path().display());
        self.load().unwrap_err().to_string().replace(&folder, "")
    }
}

#[test]
fn the_defaults_are_valid_and_safe() {
    let config = Config::load(None, []).unwrap();
    assert_eq!(config.server.listen, SocketAddr::from(([127, 0, 0, 1], 8080)));
    assert_eq!(config.odoo[0].name, "odoo");
    assert_eq!(config.odoo[0].url.as_str(), "http://127.0.0.1:8069/");
    assert_eq!(config.server.body_limit, 32 << 20);
    assert_eq!(config.odoo[0].response_timeout, Duration::from_secs(130));
    assert_eq!(config.warnings(), Vec::<String>::new());
}

#[test]
fn every_default_is_documented() {
    let lines: Vec<&str> = DEFAULTS.lines().collect();
    for pair in lines.windows(2) {
        let documented = pair[0].starts_with('#') || pair[0].contains(" = ") || pair[0].starts_with("[auth.throttle]");
        assert!(!pair[1].contains(" = ") || documented, "no comment above {:?}", pair[1]);
    }
}

#[test]
fn the_environment_lies_over_the_file_and_the_file_over_the_defaults() {
    let file = "[server]\nlisten = \"127.0.0.1:1\"\nidle_timeout = \"1m 30s\"\ncors_origins = [\"https://a.example\"]";
    let config = given(file)
        .env("ODOO_GATEWAY__SERVER__LISTEN", "[::1]:2")
        .env("ODOO_GATEWAY__SERVER__MAX_CONNECTIONS", "9000")
        .env("ODOO_GATEWAY__SERVER__TRUSTED_PROXIES", "10.0.0.0/8, ::1")
        .env("ODOO_GATEWAY__SERVER__PUBLIC_HOSTS", "['API.example.com', 'localhost:8080']")
        .env("ODOO_GATEWAY__AUTH__THROTTLE__GLOBAL__BURST", "7")
        .load()
        .unwrap();
    assert_eq!(config.server.listen.to_string(), "[::1]:2");
    assert_eq!(config.server.idle_timeout, Duration::from_secs(90));
    assert_eq!(config.server.cors_origins, ["https://a.example"]);
    assert_eq!(config.server.max_connections, 9000);
    assert_eq!(
        config.server.trusted_proxies.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["10.0.0.0/8", "::1/128"]
    );
    assert_eq!(config.server.public_hosts, ["api.example.com", "localhost:8080"]);
    assert_eq!(config.auth.throttle.global, Rate { burst: 7, per_minute: 300 });
}

#[test]
fn long_names_win_over_short_names_and_empty_short_names_say_nothing() {
    let config = given("[[odoo]]\nurl = 'http://file:1'\ndatabase = 'file'")
        .env("ODOO_URL", "http://short:1")
        .env("ODOO_GATEWAY__ODOO__0__URL", "http://long:1")
        .env("ODOO_DB", "")
        .env("DATABASE_URL", "sqlite:short.db")
        .load()
        .unwrap();
    assert_eq!(config.odoo[0].url.as_str(), "http://long:1/");
    assert_eq!(config.odoo[0].database, "file");
    assert!(matches!(&config.store.url, DatabaseUrl::Sqlite { file } if file.as_os_str() == "short.db"));
}

#[test]
fn entries_of_a_file_replace_the_default_one_and_are_filled_from_it() {
    let file = "[[odoo]]\ndatabase = 'live'\n[[odoo]]\nname = 'trial'\ndatabase = 'live-copy'\nconcurrency = 2";
    let mut given = given(file);
    for (index, name) in ["ODOO_GATEWAY__ODOO__2__DATABASE", "ODOO_GATEWAY__ODOO__3__DATABASE"].iter().enumerate() {
        given = given.env(name, &format!("env{index}"));
    }
    let config = given.load().unwrap();
    let seen: Vec<_> = config.odoo.iter().map(|odoo| (odoo.name.as_str(), odoo.concurrency)).collect();
    assert_eq!(seen, [("live", 8), ("trial", 2), ("env0", 8), ("env1", 8)]);
}

#[test]
fn all_mistakes_are_told_at_once_each_with_its_key_and_place() {
    let file = r#"
[server]
listn = "127.0.0.1:1"
body_limit = 32
idle_timeout = "soon"
trusted_proxies = ["10.0.0.0/33", "::1", "proxy"]
cors_origins = ["*", "null", "https://ok.example", "https://path.example/"]
public_url = "ftp://x"
max_connections = 0
ttl = "1m"

[log]
format = "xml"
filter = "odoo=loud"

[[odoo]]
url = "http://admin:hunter2@odoo"
[[odoo]]
database = "odoo"
concurrency = -1
queue = 5_000_000_000

[sever]
"#;
    let given = given(file)
        .env("ODOO_GATEWAY__SERVER__MAX_CONNECTIONS_PER_ADDRESS", "many")
        .env("ODOO_GATEWAY__STORE__ULR", "postgres://u:hunter2@h/d")
        .env("ODOO_GATEWAY__ODOO__7__URL", "http://x")
        .env("ODOO_GATEWAY__LOG", "x")
        .env("ODOO_GATEWAY__LOG__FORMAT__X", "x")
        .env("DATABASE_URL", "mysql://u:hunter2@h/d");
    let mistakes = given.mistakes();
    assert!(!mistakes.contains("hunter2"), "{mistakes}");
    insta::assert_snapshot!(mistakes, @r#"
    The configuration has 21 mistakes:
      server.listn (gateway.toml line 3): there is no such setting, did you mean `listen`?
      server.body_limit (gateway.toml line 4): expected a text such as "32MiB", found a whole number
      server.ttl (gateway.toml line 10): there is no such setting, did you mean `schema.ttl`?
      sever (gateway.toml line 23): there is no such setting, did you mean `server`?
      log (ODOO_GATEWAY__LOG): expected a key below this section, with a variable of its own
      log.format.x (ODOO_GATEWAY__LOG__FORMAT__X): log.format has nothing below it
      odoo[7] (ODOO_GATEWAY__ODOO__7__URL): entries are counted from 0 without a gap: odoo[0] is the first
      server.max_connections_per_address (ODOO_GATEWAY__SERVER__MAX_CONNECTIONS_PER_ADDRESS): expected a whole number
      store.ulr (ODOO_GATEWAY__STORE__ULR): there is no such setting, did you mean `url`?
      server.public_url (gateway.toml line 8): expected a URL that starts with http:// or https://
      server.trusted_proxies (gateway.toml line 6): expected an address or a network such as "10.0.0.0/8", found "10.0.0.0/33", "proxy"
      server.cors_origins (gateway.toml line 7): expected an exact origin such as "https://app.example.com", found "*", "null", "https://path.example/"
      server.idle_timeout (gateway.toml line 5): expected a duration such as "5s" or "150ms", found "soon"
      store.url (DATABASE_URL): expected "sqlite:FILE" or "postgres://USER@HOST:PORT/DATABASE"
      log.format (gateway.toml line 13): unknown variant `xml`, expected one of `auto`, `json`, `text`
      log.filter (gateway.toml line 14): expected a log filter such as "info,odoo_gateway::odoo=debug", found "odoo=loud"
      odoo[0].url (gateway.toml line 17): a user or password does not belong into this URL
      odoo[1].concurrency (gateway.toml line 20): expected a number from 0 to 4294967295, found -1
      odoo[1].queue (gateway.toml line 21): expected a number from 0 to 4294967295, found 5000000000
      server.max_connections (gateway.toml line 9): expected 1 to 1000000, found 0
      odoo[1].name: odoo[0] is called "odoo" already
    "#);
}

#[test]
fn a_file_that_is_missing_or_no_toml_does_not_hide_other_mistakes() {
    let mistakes = given("[server]\npassword = \"hunter2").env("ODOO_DB", "a b").mistakes();
    insta::assert_snapshot!(mistakes, @r#"
    The configuration has 2 mistakes:
      gateway.toml line 2: this is not TOML: invalid basic string, expected `"`
      odoo[0].database (ODOO_DB): expected a database name, found "a b"
    "#);
    let missing = Config::load(Some(Path::new("nowhere.toml")), []).unwrap_err();
    insta::assert_snapshot!(missing, @r#"
    The configuration has 1 mistake:
      nowhere.toml: the configuration file cannot be read: No such file or directory (os error 2)
    "#);
}

#[test]
fn lists_and_sections_of_the_wrong_form_are_told() {
    let mistakes = given("odoo = []\nserver = 1\n[ops]\nlisten = \"127.0.0.1:8080\"").mistakes();
    insta::assert_snapshot!(mistakes, @r#"
    The configuration has 3 mistakes:
      server (gateway.toml line 2): expected a section, found a whole number
      odoo (gateway.toml line 1): at least one entry is needed
      ops.listen (gateway.toml line 4): this is server.listen too: operators need an address of their own
    "#);
    let mistakes = given("[odoo]\nurl = 'x'\n[server]\npublic_hosts = ['a', 1]\ncors_origins = 'x'").mistakes();
    insta::assert_snapshot!(mistakes, @r#"
    The configuration has 3 mistakes:
      odoo (gateway.toml line 1): expected entries, each under a [[…]] of its own, found a section
      server.cors_origins (gateway.toml line 5): expected a list of texts, found a text
      server.public_hosts[1] (gateway.toml line 4): invalid type: integer `1`, expected a string
    "#);
}

#[test]
fn a_secret_is_a_value_or_a_file_never_both() {
    let url = "[store]\nurl = 'postgres://gateway@db/gateway'\n";
    let in_a_file = given(url);
    std::fs::write(in_a_file.file("pw"), "hunter2\n").unwrap();
    let path = in_a_file.file("pw").display().to_string();
    let config = in_a_file.env("ODOO_GATEWAY__STORE__PASSWORD_FILE", &path).load().unwrap();
    assert_eq!(config.store.password.unwrap().expose_secret(), "hunter2");

    let both = given(url).env("ODOO_GATEWAY__STORE__PASSWORD_FILE", "x").env("ODOO_GATEWAY__STORE__PASSWORD", "y");
    insta::assert_snapshot!(both.mistakes(), @r#"
    The configuration has 1 mistake:
      store.password_file (ODOO_GATEWAY__STORE__PASSWORD_FILE): store.password is given too: keep one of them
    "#);
    let twice = given("").env("DATABASE_URL", "postgres://u:a@h/d").env("ODOO_GATEWAY__STORE__PASSWORD", "y");
    insta::assert_snapshot!(twice.mistakes(), @r#"
    The configuration has 1 mistake:
      store.password (ODOO_GATEWAY__STORE__PASSWORD): store.url holds a password too: keep one of them
    "#);
    let missing = given(url).env("ODOO_GATEWAY__STORE__PASSWORD_FILE", "nowhere");
    insta::assert_snapshot!(missing.mistakes(), @r#"
    The configuration has 1 mistake:
      store.password_file (ODOO_GATEWAY__STORE__PASSWORD_FILE): the file nowhere cannot be read: No such file or directory (os error 2)
    "#);
    let needless = given("[store]\npassword = 'x'");
    insta::assert_snapshot!(needless.mistakes(), @r#"
    The configuration has 1 mistake:
      store.password (gateway.toml line 2): SQLite takes no password
    "#);
}

#[test]
fn no_secret_is_printed() {
    for (url, password) in [("postgres://u:hunter2@h:1/d?sslmode=require", ""), ("postgres://u@h/d", "hunter2")] {
        let config = given("").env("DATABASE_URL", url).env("ODOO_GATEWAY__STORE__PASSWORD", password).load().unwrap();
        assert!(!config.to_toml().contains("hunter2"), "{}", config.to_toml());
        assert!(!format!("{config:?}").contains("hunter2"), "{config:?}");
    }
}

#[test]
fn what_is_printed_can_be_loaded_and_prints_the_same() {
    let once = given("").env("ODOO_DB", "demo").load().unwrap().to_toml();
    assert_eq!(given(&once).load().unwrap().to_toml(), once);
}

#[test]
fn the_examples_are_valid() {
    for example in [include_str!("../../config/production.toml"), include_str!("../../config/several-databases.toml")] {
        let given = given("");
        std::fs::write(given.file("password"), "x").unwrap();
        let here = given.file("password").display().to_string();
        std::fs::write(given.file("gateway.toml"), example.replace("/run/secrets/gateway_db_password", &here)).unwrap();
        assert_eq!(given.load().unwrap().warnings(), Vec::<String>::new());
    }
}

#[test]
fn listening_in_public_without_tls_is_warned_of() {
    let warned = |text: &str| given(text).load().unwrap().warnings().len();
    assert_eq!(warned("server = { listen = '0.0.0.0:8080' }"), 2);
    assert_eq!(warned("server = { listen = '0.0.0.0:8080', public_url = 'https://a.b', public_hosts = ['a.b'] }"), 0);
    assert_eq!(warned("ops = { listen = '0.0.0.0:9090' }"), 1);
    assert_eq!(warned("server = { request_timeout = '10s' }"), 1);
    assert_eq!(warned("odoo = [{ url = 'http://odoo.example.com' }]"), 1);
    assert_eq!(warned("odoo = [{ url = 'http://odoo:8069' }]"), 0);
}

#[test]
fn models_of_family_c_are_named_by_their_author() {
    assert!(Config::load(None, []).unwrap().restful.models.is_empty());
    let file = "[restful.models.\"sale.order\"]\nread = \"\"\"\n['id', # first\n ('partner_id', ('id', 'name'))]\"\"\"\n\
                [restful.models.\"res.partner\"]\n[restful.models.\"*\"]\nupdate = \"{id}\"";
    let config = given(file).env("ODOO_GATEWAY__RESTFUL__MODELS__res.users__CREATE", "{id, login}").load().unwrap();
    let models = &config.restful.models;
    assert_eq!(models.keys().collect::<Vec<_>>(), ["*", "res.partner", "res.users", "sale.order"]);
    let read = models["sale.order"].read.as_ref().unwrap();
    assert_eq!(read.to_string(), "{id, partner_id{id, name}}");
    assert!(read.lenient && models["sale.order"].create.is_none() && models["res.partner"].read.is_none());
    assert_eq!(models["res.users"].create.as_ref().unwrap().to_string(), "{id, login}");
    let printed = config.to_toml();
    assert!(printed.contains("[restful.models.\"sale.order\"]") && !printed.contains("MODEL"), "{printed}");
    assert_eq!(given(&printed).load().unwrap().restful.models.len(), 4);
}

#[test]
fn mistakes_in_schemas_are_told_with_their_place() {
    let file = "[restful.models.\"sale.order\"]\nread = \"['id', ('a', ('b'))]\"\nupdate = \"{id,}\"\nwrite = \"\"\n\
                [restful.models.Sale]\n[restful.models.v1]\nread = 7";
    assert_eq!(
        given(file).mistakes(),
        "The configuration has 6 mistakes:\n  \
         restful.models.sale.order.write (gateway.toml line 4): there is no such setting\n  \
         restful.models.v1.read (gateway.toml line 7): expected a text, found a whole number\n  \
         restful.models.sale.order.read (gateway.toml line 2): expected a field, or a relation as ('partner_id', \
         ('id', 'name')), found a list at position 8; a tuple of one needs a comma: ('partner_id', ('name',))\n  \
         restful.models.sale.order.update (gateway.toml line 3): expected a field, \"*\" or \"-\", found \"}\" at \
         position 5; {*} shows all fields\n  \
         restful.models.Sale (gateway.toml line 5): expected a model name such as res.partner, found \"Sale\"\n  \
         restful.models.v1 (gateway.toml line 6): expected a model name such as res.partner, found \"v1\""
    );
}

#[test]
fn master_keys_come_from_a_command_or_a_file() {
    let both = given("[secrets]\nmaster_key_file = \"/k\"\nmaster_key_command = [\"print\"]");
    let told = both.mistakes();
    assert!(
        told.contains("secrets.master_key_command") && told.contains("secrets.master_key_file is given too"),
        "{told}"
    );
    let nothing = given("[secrets]\nmaster_key_command = [\"\"]");
    assert!(nothing.mistakes().contains("expected a program"), "{}", nothing.mistakes());
    let command = given("").env("ODOO_GATEWAY__SECRETS__MASTER_KEY_COMMAND", r#"["print", "a, b"]"#).load().unwrap();
    assert_eq!(command.secrets.master_key_command, ["print", "a, b"]);
}
