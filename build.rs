//! Prepares what the crate embeds.
//!
//! In: the folder `migrations`, the archive of Swagger UI. Out: a directive for cargo, because `sqlx::migrate!` embeds
//! the folders but cannot watch them; the files of Swagger UI that the page loads, as gzip. Must not know: the content
//! of a migration.

use std::error::Error;
use std::fs;
use std::io::{Cursor, Read as _};
use std::path::Path;

use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::{CompressionMethod, ZipArchive};

/// The files of Swagger UI that the page loads. The archive contains more than twice as much.
const SWAGGER_UI: [&str; 2] = ["swagger-ui.css", "swagger-ui-bundle.js"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=migrations");
    let target = std::env::var("OUT_DIR")?;
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED))?;
    for name in SWAGGER_UI {
        let file = find(&mut archive, &format!("/dist/{name}"))?;
        fs::write(Path::new(&target).join(format!("{name}.gz")), file)?;
    }
    Ok(())
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
