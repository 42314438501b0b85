//! A response whose head has arrived, from either HTTP client.
//!
//! In: a response. Out: its head and its body, within limits. Must not know: what was called.

use reqwest::Response;
use tokio::time::{Instant, timeout_at};

use super::STALL_TIMEOUT;
use super::plain_http::PlainResponse;
use super::response_head::ResponseHead;
use crate::odoo::error::TransportError;

/// A response whose body is not read yet.
pub(super) enum IncomingResponse {
    Plain(PlainResponse),
    Reqwest(Response),
}

impl IncomingResponse {
    pub(super) fn head(&self) -> ResponseHead {
        match self {
            Self::Plain(response) => response.head(),
            Self::Reqwest(response) => ResponseHead::from_reqwest(response),
        }
    }

    /// Reads the body, whose length is `content_length` if it is known.
    pub(super) async fn read_body(
        mut self,
        content_length: Option<u64>,
        cap: usize,
        deadline: Instant,
    ) -> Result<Vec<u8>, TransportError> {
        let content_length = usize::try_from(content_length.unwrap_or_default()).unwrap_or_default();
        // The kernel maps the pages as they are filled, and the bytes are never moved.
        let mut body = Vec::with_capacity(content_length.min(cap));
        self.read_chunks(&mut body, usize::MAX, (cap, deadline)).await?;
        Ok(body)
    }

    /// Reads to the end, or until `body` is larger than `pause`; returns whether it was the end.
    pub(super) async fn read_chunks(
        &mut self,
        body: &mut Vec<u8>,
        pause: usize,
        (cap, deadline): (usize, Instant),
    ) -> Result<bool, TransportError> {
        let response = match self {
            Self::Plain(response) => return response.read_chunks(body, pause, (cap, deadline)).await,
            Self::Reqwest(response) => response,
        };
        while body.len() <= pause {
            let chunk = timeout_at(deadline.min(Instant::now() + STALL_TIMEOUT), response.chunk()).await;
            match chunk {
                Err(_) => return Err(TransportError::TimedOut),
                Ok(Err(_)) => return Err(TransportError::ClosedInResponse),
                Ok(Ok(None)) => return Ok(true),
                Ok(Ok(Some(chunk))) if body.len() + chunk.len() > cap => return Err(TransportError::TooLarge(cap)),
                Ok(Ok(Some(chunk))) => body.extend_from_slice(&chunk),
            }
        }
        Ok(false)
    }
}
