//! The command line as people and programs use it: shells, the manual page, colors, local time, JSON.

use std::path::Path;
use std::process::{Command, Output};

use odoo_gateway::cli::Cli;
use odoo_gateway::clock::Clock;
use odoo_gateway::config::Config;
use odoo_gateway::store::{AuditEvent, Consent, Store};

use super::support::binary::{Process, run};
use super::support::testbed::tool;
use super::support::{Version, testbed};

/// Nothing listens there.
const UNUSED_URL: &str = "http://127.0.0.1:1";

const BINARY: &str = env!("CARGO_BIN_EXE_odoo-gateway");

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Runs a command in a folder of its own.
async fn output_of(line: &str, settings: &[(&str, &str)]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    run(&line.split(' ').collect::<Vec<_>>(), folder.path(), settings).await
}

/// What bash offers for the last word of a line.
fn bash_completions(line: &str) -> Vec<String> {
    let script = r#"
        source <("$BINARY" completions bash)
        specification=$(complete -p odoo-gateway)
        function=${specification#*-F }
        COMP_WORDS=($1)
        [[ $1 != *" " ]] || COMP_WORDS+=("")
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        "${function%% *}" odoo-gateway "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}""#;
    let mut bash = Command::new("bash");
    bash.args(["--norc", "-c", script, "bash", line]).env("BINARY", BINARY);
    let output = bash.output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{line}: {}", text(&output.stderr));
    text(&output.stdout).lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_and_options() {
    assert_eq!(bash_completions("odoo-gateway mig"), ["migrate"]);
    assert_eq!(bash_completions("odoo-gateway key cr"), ["create"]);
    assert_eq!(bash_completions("odoo-gateway key create --may"), ["--may-mint-for-others"]);
    for kind in ["index", "signing", "access"] {
        assert!(bash_completions("odoo-gateway keys rotate ").iter().any(|word| word == kind), "{kind}");
    }
    assert_eq!(bash_completions("odoo-gateway completions b"), ["bash"]);
    assert_eq!(bash_completions("odoo-gateway --color a"), ["auto", "always"]);
}

#[tokio::test]
async fn zsh_and_fish_complete_commands_and_options() {
    for shell in ["zsh", "fish"] {
        let script = output_of(&format!("completions {shell}"), &[]).await.stdout;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("_odoo-gateway");
        std::fs::write(&file, script).unwrap();
        for (line, expected) in [
            ("odoo-gateway mig", &["migrate"][..]),
            ("odoo-gateway key cr", &["create"]),
            ("odoo-gateway key create --may", &["--may-mint-for-others"]),
            ("odoo-gateway keys rotate ", &["access", "index", "signing"]),
            ("odoo-gateway --color a", &["always", "auto"]),
            ("odoo-gateway completions b", &["bash"]),
        ] {
            let offered = tool(&["offer-completions", shell, file.to_str().unwrap(), line]).await;
            assert!(offered.status.success(), "{shell}: {line}: {}", text(&offered.stderr));
            let offered = text(&offered.stdout);
            let mut words: Vec<&str> = offered.lines().collect();
            words.sort_unstable();
            words.dedup();
            assert_eq!(words, expected, "{shell}: {line}");
        }
    }
}

#[tokio::test]
async fn manual_page_is_accepted_by_its_formatters() {
    let page = output_of("man", &[]).await;
    assert!(page.status.success() && page.stderr.is_empty());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("odoo-gateway.1");
    std::fs::write(&file, &page.stdout).unwrap();
    let checked = tool(&["lint-manual", file.to_str().unwrap()]).await;
    assert!(checked.status.success(), "{}{}", text(&checked.stdout), text(&checked.stderr));
}

#[tokio::test]
async fn version_names_the_build_that_metrics_name() {
    let version = text(&output_of("--version", &[]).await.stdout);
    let start = concat!("odoo-gateway ", env!("CARGO_PKG_VERSION"), " (commit ");
    let build = version.strip_prefix(start).and_then(|rest| rest.trim_end().strip_suffix(')')?.split_once(", "));
    let (commit, date) = build.unwrap_or_else(|| panic!("{version}"));
    let is_commit = commit == "unknown" || commit.len() == 12 && commit.chars().all(|digit| digit.is_ascii_hexdigit());
    let is_date = date == "unknown" || date.len() == 10 && date.starts_with("20");
    assert!(is_commit && is_date, "{version}");
    let gateway = Process::serve(&[("ODOO_URL", UNUSED_URL)]).await;
    let metrics = gateway.ops_client().get("/metrics", &[]).await.text;
    let line = metrics.lines().find(|line| line.starts_with("odoo_gateway_build_info{")).unwrap();
    assert!(line.contains(&format!("commit=\"{commit}\"")) && line.contains(&format!("date=\"{date}\"")), "{line}");
}

#[tokio::test]
async fn colors_are_for_terminals() {
    let has_color = |bytes: &[u8]| text(bytes).contains('\u{1b}');
    // A table, the help, and an error.
    for line in ["key list", "--help", "key dance"] {
        for (options, settings, expected) in [
            ("", [("NO_COLOR", "")], false),
            (" --color=always", [("NO_COLOR", "1")], true),
            (" --color never", [("CLICOLOR_FORCE", "1")], false),
        ] {
            let Output { stdout, stderr, .. } = output_of(&format!("{line}{options}"), &settings).await;
            assert!(!stdout.is_empty() || !stderr.is_empty());
            assert_eq!(has_color(&stdout) || has_color(&stderr), expected, "{line}{options}");
        }
    }
    // `script` runs a command on a terminal of its own.
    for (variables, expected) in [("TERM=xterm", true), ("TERM=xterm NO_COLOR=1", false), ("TERM=dumb", false)] {
        let folder = tempfile::tempdir().unwrap();
        let line = format!("env -i {variables} {BINARY} key list");
        let mut script = Command::new("script");
        let output = script.args(["--quiet", "--return", "--command", &line, "/dev/null"]).current_dir(folder.path());
        let output = output.output().unwrap();
        assert!(output.status.success() && text(&output.stdout).contains("LAST USED"), "{}", text(&output.stdout));
        assert_eq!(has_color(&output.stdout), expected, "{variables}");
    }
}

#[tokio::test]
async fn events_of_the_audit_log_do_not_interrupt_the_output_on_a_terminal() {
    const MASTER: &str = "ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE=keys/master.key";
    const SHOWN: &str = "ODOO_GATEWAY__LOG__FILTER=info,odoo_gateway::audit=info";
    let folder = tempfile::tempdir().unwrap();
    for (variables, is_shown) in [(MASTER.to_owned(), false), (format!("{MASTER} {SHOWN}"), true)] {
        let line = format!("env -i TERM=dumb {variables} {BINARY} keys add");
        let mut script = Command::new("script");
        script.args(["--quiet", "--return", "--command", &line, "/dev/null"]).current_dir(folder.path());
        let output = script.output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stdout));
        assert_eq!(text(&output.stdout).contains("odoo_gateway::audit"), is_shown, "{}", text(&output.stdout));
    }
    let settings = [("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", "keys/master.key")];
    let added = run(&["keys", "add"], folder.path(), &settings).await;
    assert!(text(&added.stderr).contains("odoo_gateway::audit"), "a program collects the log");
    let events = run(&["audit", "list", "--json"], folder.path(), &settings).await.stdout;
    let events: serde_json::Value = serde_json::from_slice(&events).unwrap();
    assert_eq!(events.as_array().unwrap().len(), 3, "{events}");
}

#[tokio::test]
async fn tables_have_local_times_and_json_has_utc() {
    let folder = tempfile::tempdir().unwrap();
    let master = folder.path().join("keys/master.key").display().to_string();
    let settings = [("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", master.as_str()), ("TZ", "Asia/Kolkata")];
    assert!(run(&["keys", "add"], folder.path(), &settings).await.status.success());
    let table = text(&run(&["audit", "list"], folder.path(), &settings).await.stdout);
    let time = table.lines().nth(1).unwrap().get(..23).unwrap();
    assert!(time.ends_with(" +05:30"), "{table}");
    let json = text(&run(&["audit", "list", "--json"], folder.path(), &settings).await.stdout);
    let event: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(event[0]["at"].as_str().unwrap().ends_with('Z'), "{json}");
}

/// Commands without JSON output, and why.
const WITHOUT_JSON: &[(&str, &str)] = &[
    ("serve", "it runs until it is stopped, and logs in JSON"),
    ("completions", "a shell reads its output"),
    ("man", "man reads its output"),
];

/// All commands of the command line that have no subcommands, such as `key create`.
fn all_commands() -> Vec<String> {
    fn collect(command: &clap::Command, path: &str, found: &mut Vec<String>) {
        for command in command.get_subcommands().filter(|command| command.get_name() != "help") {
            let path = format!("{path} {}", command.get_name());
            if command.has_subcommands() {
                collect(command, &path, found);
            } else {
                found.push(path.trim_start().to_owned());
            }
        }
    }
    let mut found = Vec::new();
    collect(&Cli::definition(), "", &mut found);
    found
}

/// Stores that the user of an application allows the application to act for them.
async fn give_consent(folder: &Path, application: &serde_json::Value) {
    let url = format!("sqlite:{}", folder.join(".data/gateway.db").display());
    let config = Config::load(None, [("DATABASE_URL".into(), url.into())]).unwrap();
    let store = Store::open(&config.store).await.unwrap();
    let consent = Consent {
        application: application["id"].as_str().unwrap().to_owned(),
        uid: application["uid"].as_i64().unwrap(),
        redirect_uri: "https://shop.example/back".to_owned(),
        scope: "all".to_owned(),
    };
    let event = AuditEvent::new(Clock::system().now(), "test", "consent.give", &consent.application, "");
    store.insert_consent(&consent, &event).await.unwrap();
    store.close().await;
}

#[tokio::test]
async fn every_command_prints_json_on_request() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    };
    let secret = file("secret", "admin\n");
    let internal19 = file("internal19", testbed().api_key(Version::Odoo19));
    let internal14 = file("internal14", testbed().api_key(Version::Odoo14));
    let gateway = Process::serve(&[("ODOO_URL", UNUSED_URL)]).await;
    let settings = [
        ("ODOO_GATEWAY__ODOO__0__URL", testbed().url(Version::Odoo19)),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", "odoo19"),
        ("ODOO_GATEWAY__ODOO__1__URL", testbed().url(Version::Odoo14)),
        ("ODOO_GATEWAY__ODOO__1__DATABASE", "odoo14"),
        ("ODOO_GATEWAY__OPS__LISTEN", gateway.ops_address()),
        ("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", "keys/master.key"),
    ];
    let create_key = format!("key create --name k --login admin --may-mint-for-others --secret-file {secret}");
    let create_app = format!("app create --name a --login admin --secret-file {secret}");
    let lines = [
        "check",
        "migrate",
        "config",
        "openapi",
        "postman",
        "health",
        &create_key,
        "key list",
        "key show k",
        "key usage k",
        "key update k --login-token-days 30",
        "key rotate k --secret-file KEY",
        "key disable k",
        "key enable k",
        &create_app,
        "app list",
        "app show a",
        "app usage a",
        "app update a --origin https://shop.example",
        "consent list",
        "consent revoke a admin",
        &format!("app rotate-secret a --secret-file {secret}"),
        "app disable a",
        "app enable a",
        "app delete a",
        &format!("user link --key-file KEY --login internal --secret-file {internal19}"),
        "user list k",
        "user unlink k internal",
        &format!("user login-token k --login admin --secret-file {secret}"),
        &format!("user link-odoo-key --login internal --database odoo14 --secret-file {internal14}"),
        "token list",
        "token revoke TOKEN",
        "keys add",
        "keys list",
        "keys rewrap",
        "keys prune",
        "keys rotate index",
        "key delete k",
        "audit list",
        "backup backup.db",
        "restore backup.db",
        "restore --keep-tokens",
        "restore",
    ];
    for command in all_commands() {
        let is_tried = lines.iter().any(|line| format!("{line} ").starts_with(&format!("{command} ")));
        let has_reason = WITHOUT_JSON.iter().any(|(name, _)| *name == command);
        assert_ne!(is_tried, has_reason, "{command}");
    }
    let (mut key, mut token) = (String::new(), String::new());
    for line in lines {
        let line = line.replace("KEY", &key).replace("TOKEN", &token);
        let arguments: Vec<&str> = line.split(' ').chain(["--json"]).collect();
        let output = run(&arguments, folder.path(), &settings).await;
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{line}: {out}{err}");
        let response: serde_json::Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{line}: {out}"));
        assert!(response.is_object() || response.is_array(), "{line}: {out}");
        if let Some(created) = response["key"].as_str() {
            key = file("key", created);
        }
        if line == create_app {
            give_consent(folder.path(), &response).await;
        }
        if line.starts_with("consent ") {
            assert!(out.contains("\"login\": \"admin\""), "{out}");
        }
        if response["login_token"].is_string() {
            token = response["id"].as_str().unwrap().to_owned();
        }
    }
    for line in ["key show nobody", "health"] {
        let arguments: Vec<&str> = line.split(' ').chain(["--json"]).collect();
        let output = run(&arguments, folder.path(), &settings[..2]).await;
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        let error: serde_json::Value =
            serde_json::from_str(err.lines().last().unwrap()).unwrap_or_else(|_| panic!("{err}"));
        assert!(out.is_empty() && error["error"].is_string() && !output.status.success(), "{line}: {out}{err}");
    }
}
