//! Binaries as files: media type, name, ETag, ranges.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::json;

use super::{MISSING_ID, PARTNERS, admin, create, error_of, unique, user};
use crate::support::{Client, Response, Version};

const ATTACHMENTS: &str = "/api/v1/ir.attachment";
/// The smallest GIF.
const GIF: &str = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";

async fn create_attachment(client: &Client, name: &str, mimetype: &str, content: &[u8]) -> String {
    let values = json!({"name": name, "mimetype": mimetype, "datas": BASE64.encode(content)});
    format!("{ATTACHMENTS}/{}/datas", create(client, ATTACHMENTS, values).await)
}

struct FileResponse {
    status: u16,
    headers: HeaderMap,
    bytes: Vec<u8>,
}

impl FileResponse {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }
}

async fn get(client: &Client, path: &str, headers: &[(&str, &str)]) -> FileResponse {
    send(client, Method::GET, path, headers).await
}

async fn send(client: &Client, method: Method, path: &str, headers: &[(&str, &str)]) -> FileResponse {
    let request =
        headers.iter().fold(client.request(method, path), |request, (name, value)| request.header(*name, *value));
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    FileResponse { status, headers, bytes: response.bytes().await.unwrap().to_vec() }
}

#[tokio::test]
async fn attachment_has_its_bytes_type_and_name() {
    for version in Version::each() {
        let admin = admin(version);
        let content = b"\x00\x01binary\xff";
        let path = create_attachment(&admin, "Prüf \"1\".bin", "application/x-thing", content).await;
        let file = get(&admin, &path, &[("accept", "image/png"), ("accept-encoding", "gzip")]).await;
        assert_eq!((file.status, file.bytes.as_slice()), (200, &content[..]));
        assert_eq!(file.header("content-type"), "application/x-thing");
        assert_eq!(
            file.header("content-disposition"),
            "attachment; filename=\"Pr_f _1_.bin\"; filename*=UTF-8''Pr%C3%BCf%20%221%22.bin"
        );
        assert_eq!(file.header("cache-control"), "private, no-cache");
        assert_eq!((file.header("accept-ranges"), file.header("x-content-type-options")), ("bytes", "nosniff"));
        assert_eq!(file.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
        let head = send(&admin, Method::HEAD, &path, &[]).await;
        assert_eq!((head.status, head.header("content-length"), head.bytes.len()), (200, "9", 0));
        assert_eq!(head.header("etag"), file.header("etag"));
    }
}

#[tokio::test]
async fn image_type_is_detected_and_the_name_is_the_records() {
    for version in Version::each() {
        let (admin, name) = (admin(version), unique("Picture"));
        let id = create(&admin, PARTNERS, json!({"name": name, "image_1920": GIF})).await;
        let file = get(&admin, &format!("{PARTNERS}/{id}/image_1920"), &[]).await;
        assert_eq!((file.status, &file.bytes), (200, &BASE64.decode(GIF).unwrap()));
        assert_eq!(file.header("content-type"), "image/gif");
        assert_eq!(file.header("content-disposition"), format!("inline; filename=\"{name}.gif\""));
        let sized = format!("{PARTNERS}/{id}/image_1920?context=%7B%22bin_size%22:true%7D");
        let sized = get(&admin, &sized, &[]).await;
        assert_eq!(sized.header("content-type"), "image/gif", "a thumbnail size is not the file");
    }
}

#[tokio::test]
async fn active_content_is_never_shown_inline() {
    for version in Version::each() {
        let admin = admin(version);
        for (name, mimetype, content) in [
            ("a.html", "text/html", "<html><script>alert(1)</script></html>"),
            ("a.svg", "image/svg+xml", "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
            ("a.js", "application/javascript", "alert(1)"),
            ("a.xml", "application/xml", "<a/>"),
        ] {
            let file = get(&admin, &create_attachment(&admin, name, mimetype, content.as_bytes()).await, &[]).await;
            assert_eq!(file.header("content-disposition"), format!("attachment; filename=\"{name}\""));
            assert_eq!(file.bytes, content.as_bytes());
        }
    }
}

#[tokio::test]
async fn ranges_and_etags_are_supported() {
    for version in Version::each() {
        let admin = admin(version);
        let text = "0123456789".repeat(500);
        let path = create_attachment(&admin, "digits.txt", "text/plain", text.as_bytes()).await;
        let etag = get(&admin, &path, &[]).await.header("etag").to_owned();
        for (headers, status, range, bytes) in [
            (vec![("range", "bytes=0-3")], 206, "bytes 0-3/5000", "0123"),
            (vec![("range", "bytes=4995-"), ("accept-encoding", "gzip")], 206, "bytes 4995-4999/5000", "56789"),
            (vec![("range", "bytes=-2"), ("if-range", &etag)], 206, "bytes 4998-4999/5000", "89"),
            (vec![("range", "bytes=0-3"), ("if-range", "\"other\"")], 200, "", &text),
            (vec![("range", "bytes=0-1,4-5")], 200, "", &text),
            (vec![("accept-encoding", "gzip, br")], 200, "", &text),
            (vec![("if-none-match", "\"other\"")], 200, "", &text),
            (vec![("if-none-match", &etag)], 304, "", ""),
            (vec![("if-none-match", "*")], 304, "", ""),
        ] {
            let part = get(&admin, &path, &headers).await;
            assert_eq!((part.status, part.header("content-range")), (status, range), "{headers:?}");
            assert_eq!(part.bytes, bytes.as_bytes(), "{headers:?}");
            assert_eq!((part.header("etag"), part.header("content-encoding")), (etag.as_str(), ""), "{headers:?}");
        }
        let beyond = get(&admin, &path, &[("range", "bytes=5000-")]).await;
        assert_eq!((beyond.status, beyond.header("content-range")), (416, "bytes */5000"));
        let response =
            Response { status: 416, headers: beyond.headers, text: String::from_utf8(beyond.bytes).unwrap() };
        error_of(&response, 416, "BadRequest", "range_not_satisfiable");
    }
}

#[tokio::test]
async fn fields_that_are_not_files_are_rejected() {
    for version in Version::each() {
        let admin = admin(version);
        let id = create(&admin, PARTNERS, json!({"name": unique("empty")})).await;
        for (path, status, kind, reason) in [
            (format!("{PARTNERS}/{id}/name"), 400, "BadRequest", "invalid_parameter"),
            (format!("{PARTNERS}/{id}/nosuch"), 400, "BadRequest", "unknown_field"),
            (format!("{PARTNERS}/{id}/no-such"), 400, "BadRequest", "unknown_field"),
            (format!("{PARTNERS}/{id}/image_1920"), 404, "NotFound", "empty_field"),
            (format!("{PARTNERS}/{MISSING_ID}/image_1920"), 404, "MissingError", "record_not_found"),
            (format!("{PARTNERS}/x/image_1920"), 404, "MissingError", "record_not_found"),
            (format!("{ATTACHMENTS}/1/raw"), 400, "BadRequest", "unknown_field"),
        ] {
            error_of(&admin.get(&path, &[]).await, status, kind, reason);
        }
        let private = create_attachment(&admin, "private.txt", "text/plain", b"x").await;
        error_of(&user(version, "portal").get(&private, &[]).await, 403, "AccessError", "access_denied");
    }
}
