//! The pages for people and both authorize endpoints, as a browser sees them.

use crate::support::{Browser, Callback, Gateway};

#[tokio::test]
async fn temp_browser() {
    let gateway = Gateway::shared();
    let mut callback = Callback::showing("<p>arrived</p>").await;
    let browser = Browser::open(900, 700, &[]).await;
    browser.go(&format!("http://{}/docs/errors", gateway.address())).await;
    println!("{}", browser.text().await.len());
    browser.go(&format!("{}/x?y=1", callback.origin)).await;
    println!("{} {}", callback.asked().await, browser.text().await);
    browser.close().await;
}
