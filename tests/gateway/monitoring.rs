//! What operators see: traces, metrics with their dashboard and alerts, the log filter.

mod log_filter;
mod metrics;
mod traces;
