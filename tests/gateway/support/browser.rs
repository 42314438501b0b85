//! A real headless browser, and the web server of an application that the browser is redirected to.

use std::process::Stdio;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::{OnceCell, mpsc};
use tokio::time::timeout;

use super::testbed::tool;

/// The timeout of every step, generous enough for a busy machine.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Chromium with a profile of its own.
pub(crate) struct Browser {
    page: fantoccini::Client,
    driver: Child,
    _profile: TempDir,
}

impl Browser {
    /// A browser with an empty profile and a window of this size, with more command-line switches.
    pub(crate) async fn open(width: u32, height: u32, switches: &[&str]) -> Self {
        static INSTALLED: OnceCell<()> = OnceCell::const_new();
        INSTALLED.get_or_init(async || assert!(tool(&["install", "browser"]).await.status.success())).await;
        let profile = tempfile::tempdir().unwrap();
        let (driver, port) = start_driver().await;
        let (folder, size) = (profile.path().display(), format!("--window-size={width},{height}"));
        let mut arguments: Vec<String> = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--no-first-run",
            "--hide-scrollbars",
            "--no-proxy-server",
        ]
        .map(str::to_owned)
        .to_vec();
        arguments.extend([format!("--user-data-dir={folder}"), size]);
        arguments.extend(switches.iter().map(|switch| (*switch).to_owned()));
        let options = json!({"goog:chromeOptions": {"args": arguments, "binary": "/usr/bin/chromium"}});
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(options.as_object().unwrap().clone());
        let page = timeout(TIMEOUT, builder.connect(&format!("http://127.0.0.1:{port}"))).await;
        Self { page: page.expect("the browser starts").unwrap(), driver, _profile: profile }
    }

    /// Opens a URL.
    pub(crate) async fn goto(&self, url: &str) {
        timeout(TIMEOUT, self.page.goto(url)).await.expect("the page loads").unwrap();
    }

    /// The driver's own client, for everything else.
    pub(crate) fn page(&self) -> &fantoccini::Client {
        &self.page
    }

    /// Waits for the element of this CSS selector.
    pub(crate) async fn find(&self, selector: &str) -> Element {
        match self.page.wait().at_most(TIMEOUT).for_element(Locator::Css(selector)).await {
            Ok(element) => element,
            Err(error) => panic!("{selector}: {error} in {}", self.page.source().await.unwrap_or_default()),
        }
    }

    /// Types into a field.
    pub(crate) async fn fill(&self, selector: &str, text: &str) {
        self.find(selector).await.send_keys(text).await.unwrap();
    }

    /// Clicks on an element that leads to another page, and waits until the current page is gone.
    pub(crate) async fn click(&self, selector: &str) {
        let element = self.find(selector).await;
        element.click().await.unwrap();
        let gone = async { while element.tag_name().await.is_ok() {} };
        timeout(TIMEOUT, gone).await.expect("another page loads");
    }

    /// The visible text.
    pub(crate) async fn text(&self) -> String {
        self.find("body").await.text().await.unwrap()
    }

    /// Saves a screenshot in the folder `ODOO_GATEWAY_PICTURES`, if it is set.
    pub(crate) async fn save_screenshot(&self, name: &str) {
        if let Some(folder) = std::env::var_os("ODOO_GATEWAY_PICTURES") {
            let picture = self.page.screenshot().await.unwrap();
            std::fs::write(std::path::Path::new(&folder).join(format!("{name}.png")), picture).unwrap();
        }
    }

    /// Sends a command that only Chromium's driver supports.
    pub(crate) async fn devtools(&self, command: &str, parameters: Value) {
        let command = Devtools(json!({"cmd": command, "params": parameters}));
        timeout(TIMEOUT, self.page.issue_cmd(command)).await.expect("the driver responds").unwrap();
    }

    /// Closes it.
    pub(crate) async fn close(self) {
        let _ = timeout(TIMEOUT, self.page.clone().close()).await;
    }
}

impl Drop for Browser {
    /// Kills the process group, which includes browsers that the driver leaves running.
    fn drop(&mut self) {
        if let Some(group) = self.driver.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// A command of Chromium's DevTools protocol.
#[derive(Debug)]
struct Devtools(Value);

impl WebDriverCompatibleCommand for Devtools {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.0.to_string()))
    }
}

/// Starts the driver. Returns the port that it chose. It ends without one if another process takes the port in between,
/// so it is started again then.
async fn start_driver() -> (Child, u16) {
    for _ in 0..5 {
        let mut command = Command::new("chromedriver");
        command.arg("--port=0").process_group(0).kill_on_drop(true);
        let mut driver = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        if let Some(port) = timeout(TIMEOUT, driver_port(&mut lines)).await.expect("the driver starts or ends") {
            // The driver writes more, and stops if the pipe is closed.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return (driver, port);
        }
    }
    panic!("the driver does not print its port");
}

async fn driver_port(lines: &mut Lines<BufReader<ChildStdout>>) -> Option<u16> {
    while let Some(line) = lines.next_line().await.unwrap() {
        if let Some((_, port)) = line.split_once("started successfully on port ") {
            return port.trim_end_matches('.').parse().ok();
        }
    }
    None
}

/// An application's web server. It responds to every request with the same page, and records the request targets.
#[derive(Debug)]
pub(crate) struct Callback {
    /// `http://127.0.0.1:4711`
    pub(crate) origin: String,
    targets: mpsc::UnboundedReceiver<String>,
}

impl Callback {
    /// Starts a server of this page.
    pub(crate) async fn serving(page: &'static str) -> Self {
        let (server, content) = Self::serving_later().await;
        content.set(page.to_owned()).unwrap();
        server
    }

    /// Starts a server whose page is set later, because the page depends on the server's origin.
    pub(crate) async fn serving_later() -> (Self, Arc<OnceLock<String>>) {
        let content = Arc::new(OnceLock::new());
        let page: Arc<OnceLock<String>> = content.clone();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let (sender, targets) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (sender, page) = (sender.clone(), page.clone());
                tokio::spawn(async move {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") && stream.read_buf(&mut head).await.is_ok_and(|read| read > 0) {}
                    let line = String::from_utf8_lossy(&head).lines().next().unwrap_or_default().to_owned();
                    if let Some(target) = line.strip_prefix("GET ").and_then(|rest| rest.split(' ').next())
                        && target != "/favicon.ico"
                    {
                        let _ = sender.send(target.to_owned());
                    }
                    let page = page.get().map_or("", String::as_str);
                    let response = format!(
                        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\
                         \r\n{page}",
                        page.len()
                    );
                    let _ = stream.write_all(response.as_bytes()).await;
                });
            }
        });
        (Self { origin, targets }, content)
    }

    /// The target of the next request.
    pub(crate) async fn next_request(&mut self) -> String {
        timeout(TIMEOUT, self.targets.recv()).await.expect("a request arrives").unwrap()
    }

    /// Whether no request arrived since the last one that was taken.
    pub(crate) fn has_no_request(&mut self) -> bool {
        self.targets.try_recv().is_err()
    }
}
