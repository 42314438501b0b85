//! The results as Markdown, with the targets beside the figures.
//!
//! In: [`Results`]. Out: the text of `benches/RESULTS.md`. Must not know: how anything was measured.

use std::fmt::{self, Write as _};

use super::canned_odoo::Connections;
use super::figures::Series;
use super::footprint::Footprint;
use super::growth::Growth;
use super::hop::{AddedLatency, CLIENTS, Hop, Percentiles, Side};
use super::nginx;
use super::scenario::{Measured, Rounds};
use super::target::Target;

/// Everything that was measured.
#[derive(Debug)]
pub(crate) struct Results {
    pub(crate) machine: Vec<(&'static str, String)>,
    pub(crate) rounds: Rounds,
    pub(crate) hop: Hop,
    pub(crate) latency: AddedLatency,
    pub(crate) real: Vec<RealRow>,
    /// Calls to Odoo per request.
    pub(crate) calls: Vec<(&'static str, usize)>,
    pub(crate) footprint: Footprint,
    pub(crate) growth: Growth,
    /// The text of `benches/profile.md`, if it exists.
    pub(crate) profile: Option<String>,
}

/// A request to the real Odoo: the median duration of each round, in milliseconds.
#[derive(Debug)]
pub(crate) struct RealRow {
    pub(crate) name: &'static str,
    pub(crate) direct: Series,
    pub(crate) gateway: Series,
}

const TITLE: &str = "# Benchmark results

`make bench` writes this file; do not edit it. Each figure is the median of the rounds, with the smallest and the
largest in parentheses. Ratios and differences are computed per round. [CONTRIBUTING.md](../CONTRIBUTING.md#measure)
describes how to repeat the measurement.
";

impl Results {
    /// The complete file.
    pub(crate) fn to_markdown(&self) -> Result<String, fmt::Error> {
        let mut out = TITLE.to_owned();
        self.write_machine(&mut out)?;
        self.write_targets(&mut out)?;
        self.write_hop(&mut out)?;
        self.write_latency(&mut out)?;
        self.write_real(&mut out)?;
        self.write_footprint(&mut out)?;
        self.write_growth(&mut out)?;
        self.write_method(&mut out)?;
        if let Some(profile) = &self.profile {
            write!(out, "\n## Profile\n\n{}\n", profile.trim())?;
        }
        Ok(out)
    }

    fn write_machine(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "\n## Machine and versions\n\n| | |\n|---|---|")?;
        self.machine.iter().try_for_each(|(name, value)| writeln!(out, "| {name} | {value} |"))
    }

    fn write_targets(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "\n## Targets\n\n| Figure | Measured | Must | Aim | |\n|---|---|---|---|---|")?;
        self.targets().iter().try_for_each(|target| writeln!(out, "{target}"))
    }

    fn targets(&self) -> Vec<Target> {
        let (Side { nginx, api_key, .. }, closed) = (&self.hop.kept, &self.hop.closed);
        let rate_kept = api_key.rate.ratio(&nginx.rate);
        let rate_closed = closed.api_key.rate.ratio(&closed.nginx.rate);
        let cpu = api_key.cpu.ratio(&nginx.cpu);
        let mut targets = vec![
            Target::at_least("Requests/s, gateway / nginx, Odoo keeps connections", rate_kept, 0.35, 0.6),
            Target::at_most("CPU per request, gateway / nginx, Odoo keeps connections", cpu, 4.0, 2.0),
            Target::at_least("Requests/s, gateway / nginx, Odoo closes connections", rate_closed, 0.5, 0.7),
            Target::at_most("Added latency at half load, p50, ms", self.latency.added_p50(), 0.12, 0.06),
            Target::at_most("Added latency at half load, p99, ms", self.latency.added_p99(), 0.8, 0.4),
        ];
        for row in &self.real {
            let name = format!("Real Odoo 19, {}, gateway / direct", row.name);
            targets.push(Target::at_most(&name, row.gateway.ratio(&row.direct), 1.04, 1.02));
        }
        for (name, calls) in &self.calls {
            targets.push(Target::at_most(&format!("{name}, calls"), Series::once(*calls as f64), 1.0, 1.0));
        }
        targets.extend(self.footprint_targets());
        targets
    }

    fn footprint_targets(&self) -> [Target; 4] {
        let Footprint { idle, clients, export_growth, export_lines, binary, .. } = &self.footprint;
        let export = format!("Growth after an export of {export_lines} records, MB");
        [
            Target::at_most("Resident, idle, MB", Series::once(*idle), 25.0, 15.0),
            Target::at_most("Resident, 1,000 clients connected, MB", Series::once(*clients), 60.0, 40.0),
            Target::at_most(&export, Series::once(*export_growth), 16.0, 8.0),
            Target::at_most("Binary, MB", Series::once(*binary), 25.0, 18.0),
        ]
    }

    fn write_hop(&self, out: &mut String) -> fmt::Result {
        writeln!(
            out,
            "\n## One read, {CLIENTS} clients\n\n\
             | Odoo | Server | Requests/s | CPU per request, µs | p50, ms | p99, ms | Odoo calls per request |\n\
             |---|---|---|---|---|---|---|"
        )?;
        let row = |out: &mut String, odoo: &str, name: &str, measured: &Measured| {
            let Measured { rate, p50, p99, cpu, calls } = measured;
            writeln!(out, "| {odoo} | {name} | {rate:.0} | {cpu:.1} | {p50:.2} | {p99:.2} | {calls:.2} |")
        };
        row(out, "kept", "none", &self.hop.direct)?;
        for (odoo, side) in [("kept", &self.hop.kept), ("closed", &self.hop.closed)] {
            row(out, odoo, "nginx", &side.nginx)?;
            row(out, odoo, "gateway, HTTP Basic", &side.basic)?;
            row(out, odoo, "gateway, API key", &side.api_key)?;
        }
        Ok(())
    }

    fn write_latency(&self, out: &mut String) -> fmt::Result {
        let latency = &self.latency;
        writeln!(
            out,
            "\n## Latency at {:.0} requests/s\n\nHalf of what the gateway can do with an API key while Odoo keeps \
             connections.\n\n| Server | p50, ms | p99, ms |\n|---|---|---|",
            latency.rate
        )?;
        for (name, Percentiles { p50, p99 }) in
            [("none", &latency.direct), ("nginx", &latency.nginx), ("gateway, API key", &latency.gateway)]
        {
            writeln!(out, "| {name} | {p50:.3} | {p99:.3} |")?;
        }
        Ok(())
    }

    fn write_real(&self, out: &mut String) -> fmt::Result {
        writeln!(
            out,
            "\n## Real Odoo 19, one client\n\n\
             | Request | Direct, ms | Gateway, ms | Gateway / direct |\n|---|---|---|---|"
        )?;
        for RealRow { name, direct, gateway } in &self.real {
            writeln!(out, "| {name} | {direct:.3} | {gateway:.3} | {:.3} |", gateway.ratio(direct))?;
        }
        Ok(())
    }

    fn write_footprint(&self, out: &mut String) -> fmt::Result {
        let footprint = &self.footprint;
        writeln!(out, "\n## Memory, size, start\n\n| | |\n|---|---|")?;
        writeln!(out, "| Resident, idle | {:.1} MB |", footprint.idle)?;
        writeln!(out, "| Resident, 1,000 clients connected | {:.1} MB |", footprint.clients)?;
        for (name, growth, peak) in [
            (
                format!("an export of {} records from the real Odoo", footprint.export_lines),
                footprint.export_growth,
                footprint.export_peak,
            ),
            (
                format!("a hostile body of 32 MiB (status {})", footprint.hostile_status),
                footprint.hostile_growth,
                footprint.hostile_peak,
            ),
        ] {
            writeln!(out, "| Growth after {name} | {growth:.1} MB; during it at most {peak:.1} MB |")?;
        }
        writeln!(out, "| Binary | {:.1} MB |", footprint.binary)?;
        writeln!(out, "| Start to first accepted connection | {:.1} ms |", footprint.start)
    }

    fn write_growth(&self, out: &mut String) -> fmt::Result {
        writeln!(
            out,
            "\n## Growth with the number of records\n\nA list of ten fields, one client; Odoo keeps connections. \
             Direct: Odoo's XML-RPC, not parsed.\n\n\
             | Records | Direct, ms | Gateway, ms | CPU of the gateway, ms |\n|---|---|---|---|"
        )?;
        for row in &self.growth.records {
            writeln!(out, "| {} | {:.3} | {:.3} | {:.3} |", row.records, row.direct, row.gateway, row.cpu)?;
        }
        writeln!(
            out,
            "\n## Growth with the number of clients\n\nOne read, with an API key; Odoo keeps connections.\n\n\
             | Clients | nginx, requests/s | Gateway, requests/s | nginx, p99, ms | Gateway, p99, ms |\n\
             |---|---|---|---|---|"
        )?;
        for row in &self.growth.clients {
            let (nginx, gateway) = (&row.nginx, &row.gateway);
            writeln!(
                out,
                "| {} | {:.0} | {:.0} | {:.2} | {:.2} |",
                row.clients, nginx.rate, gateway.rate, nginx.p99, gateway.p99
            )?;
        }
        Ok(())
    }

    fn write_method(&self, out: &mut String) -> fmt::Result {
        let Rounds { rounds, seconds } = self.rounds;
        writeln!(
            out,
            "\n## Method

- {rounds} rounds of {seconds} s; in each round all servers are measured in turn, in another order. Before, each is
  warmed up for 1 s. Load generator, hop, and Odoo share the cores.
- Odoo is canned, except where the real one is named: a process that answers recorded calls of Odoo 19 with Odoo's own
  bytes. *kept*: it keeps connections, as a proxy in front of Odoo does. *closed*: it closes each one, as Odoo does.
- The requests read 512 partners in turn (two fields), so that concurrent requests are never equal. nginx and *none*
  receive the calls that the gateway makes. Each response must have a status of success.
- The gateway is the release binary with its default settings, SQLite, and one log line per request. Only for 1,000
  clients, the limit on connections per address is raised. The API key is created with `odoo-gateway key create`.
- CPU is the processor time of all threads (`schedstat`), for nginx of the master and its workers.
- Latency at a given rate is measured with an open-loop client of this benchmark with {CLIENTS} connections, because wrk
  cannot send at a given rate: late requests count from their scheduled time.
- Real Odoo: the two sides alternate; directly on a new connection for each call, because Odoo closes each one. Each
  side parses what it receives. Before the export, partners are copied in the database.
- Growth of the resident memory: from just before the request to three seconds after it.

```sh
make bench    # BENCH_ROUNDS and BENCH_SECONDS change the number and the duration of the rounds
wrk --threads 1 --connections {CLIENTS} --duration {seconds}s --timeout 10s --script REQUESTS.lua http://127.0.0.1:PORT/
```

nginx, if Odoo keeps connections (otherwise with `proxy_http_version 1.0` and without `keepalive`):

```nginx
{}```",
            nginx::configuration("127.0.0.1:PORT", "127.0.0.1:ODOO", Connections::Kept)
        )
    }
}
