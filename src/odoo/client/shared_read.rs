//! Reads that share the reply of an equal read which is under way.
//!
//! In: a user and a read. Out: its reply, and whether the call of another caller produced it. Must not know: which
//! reads may be shared.
//!
//! A result or a fault of Odoo is the same for all equal calls. A failure to get one, and a fault that a repetition can
//! avoid, are not shared at first: the callers make another call, which they share again. If that fails too, or if the
//! first call has failed only after a while, the failure is shared, so that no caller waits much longer than for a call
//! of their own.

use std::sync::Arc;

use tokio::time::Instant;

use super::{OdooClient, RETRY_WITHIN};
use crate::odoo::error::{OdooError, TransportError};
use crate::odoo::reply::Reply;
use crate::odoo::single_flight::Role;
use crate::odoo::transport::MEMORY_WAIT;
use crate::odoo::user::OdooUser;
use crate::plan::{Call, Effect};

/// The reply to a read.
pub(in crate::odoo) struct ReadReply {
    pub(in crate::odoo) reply: Result<Reply, OdooError>,
    /// Whether it is the reply to a call that another caller made.
    pub(in crate::odoo) is_shared: bool,
}

impl ReadReply {
    fn own(reply: Result<Reply, OdooError>) -> Self {
        Self { reply, is_shared: false }
    }
}

impl OdooClient {
    /// Makes a read of the gateway's own, like [`execute_kw`](Self::execute_kw), unless an equal read of the same user
    /// with the same secret is under way; then its reply is returned.
    pub(in crate::odoo) async fn execute_shared_read(&self, user: &OdooUser, call: &Call) -> ReadReply {
        let inner = &self.0;
        if !inner.settings.share_reads {
            return ReadReply::own(self.execute_kw(user, call).await);
        }
        let prepared = match self.prepare(user, call).await {
            Ok(prepared) => prepared,
            Err(error) => return ReadReply::own(Err(error)),
        };
        let sharing_key = prepared.sharing_key();
        let (start, mut is_first) = (Instant::now(), true);
        loop {
            match inner.reads.join(&sharing_key) {
                Role::Unshared => return ReadReply::own(self.execute_prepared(user, &prepared, call, None).await),
                Role::Leader(leading) => {
                    let reply = self.execute_prepared(user, &prepared, call, Some(&leading)).await;
                    leading.complete(&reply);
                    return ReadReply::own(reply);
                }
                Role::Follower(followed) => {
                    // Without a reply, the other caller was dropped, which says nothing about the call.
                    let span = self.start_shared_read_span(call);
                    let Some(reply) = followed.outcome().await else { continue };
                    span.end(&reply);
                    if is_answer(&reply) || !is_first || start.elapsed() >= RETRY_WITHIN {
                        inner.metrics.record_shared_read();
                        return ReadReply { reply: self.with_own_memory(reply).await, is_shared: true };
                    }
                    is_first = false;
                }
            }
        }
    }

    /// Reserves memory for a large reply. Its text is shared, but each caller parses it.
    async fn with_own_memory(&self, reply: Result<Reply, OdooError>) -> Result<Reply, OdooError> {
        let mut reply = reply?;
        // The share of the call is returned first: a caller that holds memory must not wait for more.
        if reply.share.take().is_some() {
            let share = self.0.memory.reserve(reply.size() as u64, MEMORY_WAIT).await;
            let share = share.ok_or_else(|| TransportError::MemoryInUse.into_problem(Effect::Read))?;
            reply.share = Some(Arc::new(share));
        }
        Ok(reply)
    }
}

/// Whether Odoo has answered, and would answer the same again.
fn is_answer(reply: &Result<Reply, OdooError>) -> bool {
    reply.as_ref().err().is_none_or(OdooError::may_be_field_specific)
}
