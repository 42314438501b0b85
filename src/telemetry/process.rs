//! Metrics of the process, read from the operating system at each scrape.
//!
//! In: `/proc/self`, the log writer. Out: resident memory, open files, uptime, dropped log lines. Must not know: the
//! gateway. On a system without `/proc` memory and files are missing.

use std::fmt;
use std::time::Instant;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

use super::log_writer::dropped_lines;

/// The memory page size of all supported platforms, in bytes.
const PAGE: u64 = 4096;

#[derive(Debug)]
pub(super) struct Process {
    started: Instant,
}

impl Process {
    pub(super) fn started_now() -> Self {
        Self { started: Instant::now() }
    }
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let mut encode = |name, help, unit: Option<&Unit>, value: f64| {
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, unit, gauge.metric_type())?)
        };
        encode("uptime", "Time since start", Some(&Unit::Seconds), self.started.elapsed().as_secs_f64())?;
        if let Some(bytes) = resident_bytes() {
            encode("resident_memory", "Resident memory", Some(&Unit::Bytes), bytes as f64)?;
        }
        if let Some(files) = open_files() {
            encode("open_files", "Open file descriptors", None, files as f64)?;
        }
        let dropped = ConstCounter::new(dropped_lines());
        let help = "Log lines dropped, because the log output was too slow or closed";
        dropped.encode(encoder.encode_descriptor("log_lines_dropped", help, None, dropped.metric_type())?)
    }
}

fn resident_bytes() -> Option<u64> {
    let counts = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = counts.split(' ').nth(1)?.parse().ok()?;
    pages.checked_mul(PAGE)
}

fn open_files() -> Option<usize> {
    Some(std::fs::read_dir("/proc/self/fd").ok()?.count())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn linux_reports_memory_and_files() {
        assert!(resident_bytes().unwrap() > 1_000_000);
        assert!(open_files().unwrap() >= 3);
    }
}
