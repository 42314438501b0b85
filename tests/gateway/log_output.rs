//! The log of a gateway in a process of its own.

use serde_json::Value;

use crate::support::binary::Process;

/// Lines of about 300 bytes: several times what a pipe holds.
const REQUESTS: u32 = 1000;

fn id(number: u32) -> String {
    format!("unread-{number}")
}

#[tokio::test]
async fn requests_are_answered_while_nobody_reads_the_log() {
    let gateway = Process::serve(&[("ODOO_URL", "http://127.0.0.1:1")]).await;
    let paused = gateway.pause_reading().await;
    let client = gateway.client();
    for number in 0..REQUESTS {
        let response = client.with_header("X-Request-Id", &id(number)).get("/nowhere", &[]).await;
        response.problem(404, "unknown_route");
    }
    drop(paused);
    let (status, output, _) = gateway.stop_with("TERM").await;
    assert!(status.success(), "{status}");
    let lines = output.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let requests = lines.filter(|line| line["message"] == "request" && line["status"] == 404);
    let logged: Vec<String> = requests.map(|line| line["request_id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(logged, (0..REQUESTS).map(id).collect::<Vec<_>>(), "no line is lost, and the order is kept");
}
