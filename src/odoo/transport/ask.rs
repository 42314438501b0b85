//! One question outside of all queues: for who wants to know whether Odoo is there.
//!
//! In: an address, the bytes of a call, a time. Out: the text of the answer, or exactly what stood in the way. Must not
//! know: what is asked.

use std::time::Duration;

use bytes::Bytes;
use reqwest::Url;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use tokio::time::{Instant, timeout_at};

use super::{ConnectError, Form, Transport, broken_by, check_head, read_body};
use crate::odoo::error::Broken;

/// No answer to a question about Odoo itself is longer.
const ANSWER_CAP: usize = 64 * 1024;

/// What stood in the way.
#[derive(Debug)]
pub(in crate::odoo) enum AskError {
    /// There is no connection.
    Connect(ConnectError),
    /// There is one, but not the answer.
    Broken(Broken),
}

impl Transport {
    /// Posts XML and takes the answer, within `limit`.
    pub(in crate::odoo) async fn ask(
        &self,
        url: &Url,
        database: &HeaderValue,
        body: Bytes,
        limit: Duration,
    ) -> Result<String, AskError> {
        let end = Instant::now() + limit;
        let request = self.fresh.post(url.clone()).header("x-odoo-database", database);
        let sent = request.header(CONTENT_TYPE, "text/xml; charset=utf-8").body(body).send();
        let response = timeout_at(end, sent).await.map_err(|_| AskError::Broken(Broken::TimedOut))?;
        let response = response.map_err(|error| match error.is_connect() {
            true => AskError::Connect(ConnectError::of(&error, url.scheme() == "https")),
            false => AskError::Broken(broken_by(&error)),
        })?;
        let text = async {
            check_head(&response, Form::Xml, ANSWER_CAP)?;
            let body = read_body(response, ANSWER_CAP, end).await?;
            String::from_utf8(body).map_err(|_| Broken::Unreadable("it is not UTF-8"))
        };
        text.await.map_err(AskError::Broken)
    }
}
