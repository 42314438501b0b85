//! Tests of the layers, the errors and the defaults.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::ExposeSecret;
use toml::Value;

use super::*;

/// The input of a test: a configuration file and environment variables.
struct Input {
    folder: tempfile::TempDir,
    environment: Vec<(OsString, OsString)>,
}

fn input(text: &str) -> Input {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("gateway.toml"), text).unwrap();
    Input { folder, environment: Vec::new() }
}

impl Input {
    fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn load(&self) -> Result<Config, ConfigErrors> {
        Config::load(Some(&self.file("gateway.toml")), self.environment.clone())
    }

    /// The errors as text, without the path of the folder.
    fn errors(&self) -> String {
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
    assert_eq!((config.server.body_limit, config.server.body_max_values), (32 << 20, 1_000_000));
    assert_eq!(config.odoo[0].response_timeout, Duration::from_secs(130));
    assert_eq!(config.warnings(), []);
}

/// A path to a value of the model: keys of tables and indexes of lists.
#[derive(Clone)]
enum Step {
    Key(String),
    Index(usize),
}

/// All keys of the model that have a value, with their paths.
fn leaves(value: &Value, path: &[Step], found: &mut Vec<Vec<Step>>) {
    let child = |step: Step| [path, &[step]].concat();
    match value {
        Value::Table(table) => {
            table.iter().for_each(|(key, value)| leaves(value, &child(Step::Key(key.clone())), found));
        }
        Value::Array(list) if !list.is_empty() => {
            list.iter().enumerate().for_each(|(index, value)| leaves(value, &child(Step::Index(index)), found));
        }
        _ => found.push(path.to_vec()),
    }
}

/// The path as the errors of the deserializer print it.
fn dotted(path: &[Step]) -> String {
    path.iter().fold(String::new(), |path, step| match step {
        Step::Key(key) => merge::member(&path, key),
        Step::Index(index) => merge::element(&path, *index),
    })
}

fn at_path<'v>(value: &'v mut Value, path: &[Step]) -> &'v mut Value {
    path.iter().fold(value, |value, step| match step {
        Step::Key(key) => value.get_mut(key.as_str()).unwrap(),
        Step::Index(index) => value.get_mut(*index).unwrap(),
    })
}

#[test]
fn every_key_of_the_default_file_is_required_and_read() {
    let model = merge::model().unwrap();
    let is_secret_file = |path: &str| {
        let (section, key) = path.split_once('.').unwrap();
        let section = model.get(section).and_then(Value::as_table);
        section.is_some_and(|section| secret_files::secrets(section).any(|(_, file)| file == key))
    };
    let model = Value::Table(model.clone());
    let mut paths = Vec::new();
    leaves(&model, &[], &mut paths);
    assert!(paths.len() > 60, "{} keys", paths.len());
    for path in paths {
        let name = dotted(&path);
        if is_secret_file(&name) {
            continue;
        }
        let mut invalid = model.clone();
        *at_path(&mut invalid, &path) = Value::Table(toml::Table::new());
        let error = serde_path_to_error::deserialize::<_, Config>(invalid);
        let error = error.err().unwrap_or_else(|| panic!("{name} is not read"));
        assert_eq!(error.path().to_string(), name);

        let (Some(Step::Key(key)), Some(parent)) = (path.last(), path.get(..path.len() - 1)) else { panic!("{name}") };
        let mut incomplete = model.clone();
        at_path(&mut incomplete, parent).as_table_mut().unwrap().remove(key);
        assert!(serde_path_to_error::deserialize::<_, Config>(incomplete).is_err(), "{name} has a second default");
    }
}

#[test]
fn every_default_has_a_comment() {
    let lines: Vec<&str> = DEFAULTS.lines().collect();
    for pair in lines.windows(2) {
        let documented = pair[0].starts_with('#') || pair[0].contains(" = ") || pair[0].starts_with("[auth.throttle]");
        assert!(!pair[1].contains(" = ") || documented, "no comment above {:?}", pair[1]);
    }
}

#[test]
fn the_environment_overrides_the_file_and_the_file_overrides_the_defaults() {
    let file = "[server]\nlisten = \"127.0.0.1:1\"\nidle_timeout = \"1m 30s\"\ncors_origins = [\"https://a.example\"]";
    let config = input(file)
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
fn long_names_override_short_names_and_empty_short_names_are_ignored() {
    let config = input("[[odoo]]\nurl = 'http://file:1'\ndatabase = 'file'")
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
fn entries_of_a_file_replace_the_default_entry_and_inherit_its_values() {
    let file = "[[odoo]]\ndatabase = 'live'\n[[odoo]]\nname = 'trial'\ndatabase = 'live-copy'\nconcurrency = 2";
    let mut input = input(file);
    for (index, name) in ["ODOO_GATEWAY__ODOO__2__DATABASE", "ODOO_GATEWAY__ODOO__3__DATABASE"].iter().enumerate() {
        input = input.env(name, &format!("env{index}"));
    }
    let config = input.load().unwrap();
    let seen: Vec<_> = config.odoo.iter().map(|odoo| (odoo.name.as_str(), odoo.concurrency)).collect();
    assert_eq!(seen, [("live", 8), ("trial", 2), ("env0", 8), ("env1", 8)]);
}

#[test]
fn all_errors_are_reported_at_once_with_key_and_origin() {
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
    let input = input(file)
        .env("ODOO_GATEWAY__SERVER__MAX_CONNECTIONS_PER_ADDRESS", "many")
        .env("ODOO_GATEWAY__STORE__ULR", "postgres://u:hunter2@h/d")
        .env("ODOO_GATEWAY__ODOO__7__URL", "http://x")
        .env("ODOO_GATEWAY__LOG", "x")
        .env("ODOO_GATEWAY__LOG__FORMAT__X", "x")
        .env("DATABASE_URL", "mysql://u:hunter2@h/d");
    let errors = input.errors();
    assert!(!errors.contains("hunter2"), "{errors}");
    insta::assert_snapshot!(errors, @r#"
    The configuration has 21 errors:
      server.listn (gateway.toml line 3): unknown setting; did you mean `listen`?
      server.body_limit (gateway.toml line 4): expected a string such as "32MiB", found an integer
      server.ttl (gateway.toml line 10): unknown setting; did you mean `schema.ttl`?
      sever (gateway.toml line 23): unknown setting; did you mean `server`?
      log (ODOO_GATEWAY__LOG): expected one variable per key of this section
      log.format.x (ODOO_GATEWAY__LOG__FORMAT__X): log.format is not a section
      odoo[7] (ODOO_GATEWAY__ODOO__7__URL): entries are numbered from 0 without gaps; the first one is odoo[0]
      server.max_connections_per_address (ODOO_GATEWAY__SERVER__MAX_CONNECTIONS_PER_ADDRESS): expected an integer
      store.ulr (ODOO_GATEWAY__STORE__ULR): unknown setting; did you mean `url`?
      server.public_url (gateway.toml line 8): expected a URL that starts with http:// or https://
      server.trusted_proxies (gateway.toml line 6): expected an address or a network such as "10.0.0.0/8", found "10.0.0.0/33", "proxy"
      server.cors_origins (gateway.toml line 7): expected an exact origin such as "https://app.example.com", found "*", "null", "https://path.example/"
      server.idle_timeout (gateway.toml line 5): expected a duration such as "5s" or "150ms", found "soon"
      store.url (DATABASE_URL): expected "sqlite:FILE" or "postgres://USER@HOST:PORT/DATABASE"
      log.format (gateway.toml line 13): expected one of "auto", "json", "text", found "xml"
      log.filter (gateway.toml line 14): expected a log filter such as "info,odoo_gateway::odoo=debug", found "odoo=loud"
      odoo[0].url (gateway.toml line 17): this URL must not contain a user or password
      odoo[1].concurrency (gateway.toml line 20): expected an integer from 0 to 4294967295, found -1
      odoo[1].queue (gateway.toml line 21): expected an integer from 0 to 4294967295, found 5000000000
      server.max_connections (gateway.toml line 9): expected 1 to 1000000, found 0
      odoo[1].name: odoo[0] already has the name "odoo"
    "#);
}

#[test]
fn an_unreadable_file_does_not_hide_other_errors() {
    let errors = input("[server]\npassword = \"hunter2").env("ODOO_DB", "a b").errors();
    insta::assert_snapshot!(errors, @r#"
    The configuration has 2 errors:
      gateway.toml line 2: invalid TOML: invalid basic string, expected `"`; a line is `key = "text"`, `key = 5`, or `key = ["a", "b"]`, below its `[section]`
      odoo[0].database (ODOO_DB): expected a database name, found "a b"
    "#);
    let missing = Config::load(Some(Path::new("nowhere.toml")), []).unwrap_err();
    insta::assert_snapshot!(missing, @r#"
    The configuration has 1 error:
      nowhere.toml: the configuration file cannot be read: No such file or directory (os error 2); correct the path in --config or ODOO_GATEWAY_CONFIG, or create the file
    "#);
}

#[test]
fn lists_and_sections_of_the_wrong_type_are_reported() {
    let errors = input("odoo = []\nserver = 1\n[ops]\nlisten = \"127.0.0.1:8080\"").errors();
    insta::assert_snapshot!(errors, @r#"
    The configuration has 3 errors:
      server (gateway.toml line 2): expected a section, found an integer
      odoo (gateway.toml line 1): at least one entry is required
      ops.listen (gateway.toml line 4): must differ from server.listen
    "#);
    let errors = input("[odoo]\nurl = 'x'\n[server]\npublic_hosts = ['a', 1]\ncors_origins = 'x'").errors();
    insta::assert_snapshot!(errors, @r#"
    The configuration has 3 errors:
      odoo (gateway.toml line 1): expected sections that each start with [[…]], found a section
      server.cors_origins (gateway.toml line 5): expected a list of strings, found a string
      server.public_hosts[1] (gateway.toml line 4): expected a string, found integer 1
    "#);
}

#[test]
fn a_secret_is_either_a_value_or_a_file() {
    let url = "[store]\nurl = 'postgres://gateway@db/gateway'\n";
    let in_a_file = input(url);
    std::fs::write(in_a_file.file("pw"), "hunter2\n").unwrap();
    let path = in_a_file.file("pw").display().to_string();
    let config = in_a_file.env("ODOO_GATEWAY__STORE__PASSWORD_FILE", &path).load().unwrap();
    assert_eq!(config.store.password.unwrap().expose_secret(), "hunter2");

    let both = input(url).env("ODOO_GATEWAY__STORE__PASSWORD_FILE", "x").env("ODOO_GATEWAY__STORE__PASSWORD", "y");
    insta::assert_snapshot!(both.errors(), @r#"
    The configuration has 1 error:
      store.password_file (ODOO_GATEWAY__STORE__PASSWORD_FILE): store.password is set too; remove one of them
    "#);
    let twice = input("").env("DATABASE_URL", "postgres://u:a@h/d").env("ODOO_GATEWAY__STORE__PASSWORD", "y");
    insta::assert_snapshot!(twice.errors(), @r#"
    The configuration has 1 error:
      store.password (ODOO_GATEWAY__STORE__PASSWORD): store.url contains a password too; remove one of them
    "#);
    let missing = input(url).env("ODOO_GATEWAY__STORE__PASSWORD_FILE", "nowhere");
    insta::assert_snapshot!(missing.errors(), @r#"
    The configuration has 1 error:
      store.password_file (ODOO_GATEWAY__STORE__PASSWORD_FILE): the file nowhere cannot be read: No such file or directory (os error 2); name a file that contains only the secret
    "#);
    let needless = input("[store]\npassword = 'x'");
    insta::assert_snapshot!(needless.errors(), @r#"
    The configuration has 1 error:
      store.password (gateway.toml line 2): SQLite does not use a password; remove it
    "#);
}

#[test]
fn secrets_are_not_printed() {
    for (url, password) in [("postgres://u:hunter2@h:1/d?sslmode=require", ""), ("postgres://u@h/d", "hunter2")] {
        let config = input("").env("DATABASE_URL", url).env("ODOO_GATEWAY__STORE__PASSWORD", password).load().unwrap();
        assert!(!config.to_toml().contains("hunter2"), "{}", config.to_toml());
        assert!(!format!("{config:?}").contains("hunter2"), "{config:?}");
    }
}

#[test]
fn printed_settings_can_be_loaded_again() {
    let once = input("").env("ODOO_DB", "demo").load().unwrap().to_toml();
    assert_eq!(input(&once).load().unwrap().to_toml(), once);
}

#[test]
fn the_examples_are_valid() {
    for example in [include_str!("../../config/production.toml"), include_str!("../../config/several-databases.toml")] {
        let input = input("");
        std::fs::write(input.file("password"), "x").unwrap();
        let here = input.file("password").display().to_string();
        std::fs::write(input.file("gateway.toml"), example.replace("/run/secrets/gateway_db_password", &here)).unwrap();
        assert_eq!(input.load().unwrap().warnings(), []);
    }
}

#[test]
fn risky_settings_have_warnings() {
    let warned = |text: &str| input(text).load().unwrap().warnings().len();
    assert_eq!(warned("server = { listen = '0.0.0.0:8080' }"), 2);
    assert_eq!(warned("server = { listen = '0.0.0.0:8080', public_url = 'https://a.b', public_hosts = ['a.b'] }"), 0);
    assert_eq!(warned("ops = { listen = '0.0.0.0:9090' }"), 1);
    assert_eq!(warned("server = { request_timeout = '10s' }"), 1);
    assert_eq!(warned("odoo = [{ url = 'http://odoo.example.com' }]"), 1);
    assert_eq!(warned("odoo = [{ url = 'http://odoo:8069' }]"), 0);
    assert_eq!(warned("traces = { endpoint = 'http://otlp.example.com', headers = 'a=b' }"), 1);
    assert_eq!(warned("traces = { endpoint = 'http://otlp.example.com' }"), 0);
    assert_eq!(warned("traces = { endpoint = 'https://otlp.example.com', headers = 'a=b' }"), 0);
}

#[test]
fn values_of_traces_are_checked() {
    let traces = |text: &str| input(&format!("traces = {{ {text} }}")).load().map(|config| config.traces);
    let valid = traces("sample_ratio = '0.25', resource_attributes = ['a=b=c']").unwrap();
    assert_eq!((valid.sample_ratio, valid.resource_attributes), (0.25, vec![("a".to_owned(), "b=c".to_owned())]));
    let invalid = ["sample_ratio = '1.5'", "sample_ratio = 'NaN'", "resource_attributes = ['=b']", "service_name = ''"];
    for invalid in invalid {
        assert!(traces(invalid).is_err(), "{invalid}");
    }
}

#[test]
fn restful_models_have_keys_that_the_user_chooses() {
    assert!(Config::load(None, []).unwrap().restful.models.is_empty());
    let file = "[restful.models.\"sale.order\"]\nread = \"\"\"\n['id', # first\n ('partner_id', ('id', 'name'))]\"\"\"\n\
                [restful.models.\"res.partner\"]\n[restful.models.\"*\"]\nupdate = \"{id}\"";
    let config = input(file).env("ODOO_GATEWAY__RESTFUL__MODELS__res.users__CREATE", "{id, login}").load().unwrap();
    let models = &config.restful.models;
    assert_eq!(models.keys().collect::<Vec<_>>(), ["*", "res.partner", "res.users", "sale.order"]);
    let read = models["sale.order"].read.as_ref().unwrap();
    assert_eq!(read.to_string(), "{id, partner_id{id, name}}");
    assert!(read.lenient && models["sale.order"].create.is_none() && models["res.partner"].read.is_none());
    assert_eq!(models["res.users"].create.as_ref().unwrap().to_string(), "{id, login}");
    let printed = config.to_toml();
    assert!(printed.contains("[restful.models.\"sale.order\"]") && !printed.contains("MODEL"), "{printed}");
    assert_eq!(input(&printed).load().unwrap().restful.models.len(), 4);
}

#[test]
fn errors_in_schemas_have_a_position() {
    let file = "[restful.models.\"sale.order\"]\nread = \"['id', ('a', ('b'))]\"\nupdate = \"{id,}\"\nwrite = \"\"\n\
                [restful.models.Sale]\n[restful.models.v1]\nread = 7";
    assert_eq!(
        input(file).errors(),
        "The configuration has 6 errors:\n  \
         restful.models.sale.order.write (gateway.toml line 4): unknown setting\n  \
         restful.models.v1.read (gateway.toml line 7): expected a string, found an integer\n  \
         restful.models.sale.order.read (gateway.toml line 2): expected a field, or a relation such as ('partner_id', \
         ('id', 'name')), found a list at position 8; a tuple with one element needs a comma: ('partner_id', ('name',))\n  \
         restful.models.sale.order.update (gateway.toml line 3): expected a field, \"*\" or \"-\", found \"}\" at \
         position 5; {*} selects all fields\n  \
         restful.models.Sale (gateway.toml line 5): expected a model name such as res.partner, found \"Sale\"\n  \
         restful.models.v1 (gateway.toml line 6): expected a model name such as res.partner, found \"v1\""
    );
}

#[test]
fn master_keys_come_from_a_command_or_a_file() {
    let both = input("[secrets]\nmaster_key_file = \"/k\"\nmaster_key_command = [\"print\"]");
    let text = both.errors();
    assert!(
        text.contains("secrets.master_key_command") && text.contains("secrets.master_key_file is set too"),
        "{text}"
    );
    let nothing = input("[secrets]\nmaster_key_command = [\"\"]");
    assert!(nothing.errors().contains("expected a program"), "{}", nothing.errors());
    let command = input("").env("ODOO_GATEWAY__SECRETS__MASTER_KEY_COMMAND", r#"["print", "a, b"]"#).load().unwrap();
    assert_eq!(command.secrets.master_key_command, ["print", "a, b"]);
}
