//! Metrics of the process, read from the operating system at each scrape.
//!
//! In: `/proc/self`, the log writer. Out: the metrics that the client libraries of Prometheus export for every process,
//! under the same names; dropped log lines. Must not know: the gateway. On a system without `/proc` memory and files
//! are missing.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;
use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};

use super::log_writer::dropped_lines;
use crate::clock::Clock;

/// The memory page size of all supported platforms, in bytes.
const PAGE: u64 = 4096;

#[derive(Debug)]
pub(super) struct Process {
    /// Seconds since 1970.
    started: f64,
}

impl Process {
    pub(super) fn started_now() -> Self {
        Self { started: Clock::system().now().unix_timestamp_nanos() as f64 / 1e9 }
    }
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let mut encode = |name, help, unit: Option<&Unit>, value: f64| {
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, unit, gauge.metric_type())?)
        };
        let help = "Start time of the process since the Unix epoch in seconds";
        encode("process_start_time", help, Some(&Unit::Seconds), self.started)?;
        if let Some((virtual_bytes, resident_bytes)) = memory_bytes() {
            let bytes = Some(&Unit::Bytes);
            encode("process_virtual_memory", "Virtual memory size in bytes", bytes, virtual_bytes as f64)?;
            encode("process_resident_memory", "Resident memory size in bytes", bytes, resident_bytes as f64)?;
        }
        if let Some(files) = open_files() {
            encode("process_open_fds", "Number of open file descriptors", None, files as f64)?;
        }
        if let Some(maximum) = getrlimit(Resource::Nofile).current {
            encode("process_max_fds", "Maximum number of open file descriptors", None, maximum as f64)?;
        }
        let processor_time = ConstCounter::new(processor_seconds());
        let help = "Total user and system CPU time spent in seconds";
        let kind = processor_time.metric_type();
        processor_time.encode(encoder.encode_descriptor("process_cpu", help, Some(&Unit::Seconds), kind)?)
    }
}

/// The lines that the log writer has dropped.
#[derive(Debug)]
pub(super) struct DroppedLogLines;

impl Collector for DroppedLogLines {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let dropped = ConstCounter::new(dropped_lines());
        let help = "Log lines dropped, because the log output was too slow or closed";
        dropped.encode(encoder.encode_descriptor("log_lines_dropped", help, None, dropped.metric_type())?)
    }
}

/// The virtual and the resident memory.
fn memory_bytes() -> Option<(u64, u64)> {
    let counts = std::fs::read_to_string("/proc/self/statm").ok()?;
    let mut pages = counts.split(' ').map_while(|count| count.parse::<u64>().ok()?.checked_mul(PAGE));
    Some((pages.next()?, pages.next()?))
}

fn open_files() -> Option<usize> {
    Some(std::fs::read_dir("/proc/self/fd").ok()?.count())
}

fn processor_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn linux_reports_memory_files_and_processor_time() {
        let (virtual_bytes, resident_bytes) = memory_bytes().unwrap();
        assert!(resident_bytes > 1_000_000 && virtual_bytes >= resident_bytes);
        assert!(open_files().unwrap() >= 3);
        assert!(processor_seconds() > 0.0);
    }
}
