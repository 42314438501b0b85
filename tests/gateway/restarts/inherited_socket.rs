//! Sockets that another process has opened, as with systemd's socket activation.

use std::net::TcpListener;
use std::time::Duration;

use tokio::time::timeout;

use super::{Cluster, Load, read};
use crate::support::Client;

#[tokio::test(flavor = "multi_thread")]
async fn processes_replace_one_another_on_an_inherited_socket() {
    let cluster = Cluster::new().await;
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap().to_string();
    // The configured address cannot be used, and does not matter. Nor does the other setting: it is for own sockets.
    let ignored = [("ODOO_GATEWAY__SERVER__LISTEN", "192.0.2.1:1"), ("ODOO_GATEWAY__SERVER__REUSE_PORT", "true")];
    let old = cluster.serve_on(&socket, &ignored).await;
    assert_eq!(old.address(), address);
    let load = Load::start(&format!("http://{address}"));
    load.serves(50).await;

    // The new one takes over while the old one runs.
    let new = cluster.serve_on(&socket, &ignored).await;
    load.serves(50).await;
    assert!(old.stop_with("TERM").await.0.success());
    load.serves(50).await;
    assert_eq!(load.stop().await, Vec::<String>::new());

    // Without any process, clients wait.
    assert!(new.stop_with("TERM").await.0.success());
    let client = Client::new(format!("http://{address}"));
    let mut waiting = tokio::spawn(async move { read(&client).await });
    assert!(timeout(Duration::from_millis(300), &mut waiting).await.is_err(), "it waits for a process");
    let _next = cluster.serve_on(&socket, &ignored).await;
    waiting.await.unwrap().ok();
}
