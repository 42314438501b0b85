//! Prepares what the crate embeds.
//!
//! In: the folder `migrations`, the archive of Swagger UI, the commit. Out: a directive for cargo, because
//! `sqlx::migrate!` embeds the folders but cannot watch them; the files of Swagger UI that the page loads, as gzip; the
//! variables of `src/build_info.rs`. Must not know: the content of a migration.
//!
//! Builds of the same commit are equal: the date is that of the commit, or `SOURCE_DATE_EPOCH`
//! (reproducible-builds.org). An archive of the sources has no commit; `SOURCE_COMMIT` names it.

use std::error::Error;
use std::fs;
use std::io::{Cursor, Read as _};
use std::path::Path;
use std::process::Command;

use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::{CompressionMethod, ZipArchive};

/// The files of Swagger UI that the page loads. The archive contains more than twice as much.
const SWAGGER_UI: [&str; 2] = ["swagger-ui.css", "swagger-ui-bundle.js"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=migrations");
    describe_build();
    let target = std::env::var("OUT_DIR")?;
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED))?;
    for name in SWAGGER_UI {
        let file = find(&mut archive, &format!("/dist/{name}"))?;
        fs::write(Path::new(&target).join(format!("{name}.gz")), file)?;
    }
    Ok(())
}

/// Sets the commit and the date that `src/build_info.rs` embeds. Both are `unknown` without a repository.
fn describe_build() {
    for name in ["SOURCE_COMMIT", "SOURCE_DATE_EPOCH"] {
        println!("cargo::rerun-if-env-changed={name}");
    }
    let has_repository = Path::new(".git").exists();
    if has_repository {
        watch_commit();
    }
    let ask_git = |format: &str| if has_repository { git(&["show", "--no-patch", format, "HEAD"]) } else { None };
    let commit = variable("SOURCE_COMMIT").or_else(|| ask_git("--format=%H"));
    let seconds = variable("SOURCE_DATE_EPOCH").or_else(|| ask_git("--format=%ct"));
    let date = seconds.and_then(|seconds| seconds.parse().ok()).map(calendar_date);
    let unknown = || "unknown".to_owned();
    let commit: String = commit.unwrap_or_else(unknown).chars().take(12).collect();
    println!("cargo::rustc-env=ODOO_GATEWAY_COMMIT={commit}");
    println!("cargo::rustc-env=ODOO_GATEWAY_DATE={}", date.unwrap_or_else(unknown));
}

/// Runs this script again after a commit or a checkout. A missing path would run it in every build.
fn watch_commit() {
    let branch = git(&["symbolic-ref", "--quiet", "HEAD"]);
    for name in ["HEAD", "logs/HEAD", "packed-refs"].into_iter().chain(branch.as_deref()) {
        let path = git(&["rev-parse", "--git-path", name]).filter(|path| Path::new(path).exists());
        if let Some(path) = path {
            println!("cargo::rerun-if-changed={path}");
        }
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

/// The output of git, if it is installed and succeeds.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The UTC date of a time in seconds since 1970, as `2027-01-31`.
fn calendar_date(seconds: i64) -> String {
    // Days since 0000-03-01, so that a leap day is the last day of its year.
    let days = seconds.div_euclid(86_400) + 719_468;
    let (cycle, day_of_cycle) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_cycle = (day_of_cycle - day_of_cycle / 1460 + day_of_cycle / 36_524 - day_of_cycle / 146_096) / 365;
    let day_of_year = day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    let months_since_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * months_since_march + 2) / 5 + 1;
    let month = if months_since_march < 10 { months_since_march + 3 } else { months_since_march - 9 };
    let year = year_of_cycle + cycle * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// The file whose name has this end, as gzip. Archives contain the same compressed data as gzip (RFC 1951), so nothing
/// is compressed again.
fn find(archive: &mut ZipArchive<Cursor<&[u8]>>, end: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    for index in 0..archive.len() {
        let mut file = archive.by_index_raw(index)?;
        if !file.name()?.ends_with(end) {
            continue;
        }
        if file.compression() != CompressionMethod::Deflated {
            return Err(format!("{end} is not compressed with DEFLATE").into());
        }
        let (checksum, size) = (file.crc32(), u32::try_from(file.size())?);
        // RFC 1952: magic number, DEFLATE, no flags, no time, best compression, unknown system.
        let mut gzip = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 0xff];
        file.read_to_end(&mut gzip)?;
        gzip.extend(checksum.to_le_bytes());
        gzip.extend(size.to_le_bytes());
        return Ok(gzip);
    }
    Err(format!("the archive of Swagger UI does not contain {end}").into())
}
