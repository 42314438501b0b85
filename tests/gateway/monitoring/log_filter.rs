//! The log filter changes while the gateway runs.

use serde_json::{Value, json};

use crate::support::binary::Process;

/// The message of an event of level `debug` that each call to an Odoo which cannot be reached logs.
fn debug_lines(output: &str) -> usize {
    let lines = output.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line["level"] == "DEBUG").count()
}

#[tokio::test]
async fn operator_on_the_machine_sees_more_for_a_while() {
    let gateway = Process::serve(&[("ODOO_URL", "http://127.0.0.1:1")]).await;
    let ops = gateway.ops_client();
    assert_eq!(ops.get("/log-filter", &[]).await.ok()["filter"], "info");
    let client = gateway.client().as_user("admin");
    client.get("/restapi/1.0/object/res.partner", &[]).await;
    let change = json!({"filter": "info,odoo_gateway::odoo=debug", "seconds": 600});
    let answer = ops.put("/log-filter", &change).await.ok();
    assert_eq!((&answer["filter"], &answer["configured"]), (&change["filter"], &json!("info")));
    client.get("/restapi/1.0/object/res.partner", &[]).await;
    let answer = ops.delete("/log-filter", &[]).await.ok();
    assert_eq!((&answer["filter"], &answer["reset_in_seconds"]), (&json!("info"), &Value::Null));
    let marked = client.with_header("X-Request-Id", "after-reset");
    marked.get("/restapi/1.0/object/res.partner", &[]).await;
    let (_, output, _) = gateway.stop_with("TERM").await;
    let (changed, reset) = ("the log filter has changed for a while", "the configured log filter is in effect again");
    let (before, rest) = output.split_once(changed).expect(changed);
    let (during, after) = rest.split_once(reset).expect(reset);
    assert_eq!((debug_lines(before), debug_lines(after)), (0, 0), "{output}");
    assert!(debug_lines(during) > 0, "{during}");
    assert!(after.contains("after-reset"), "{after}");
}
