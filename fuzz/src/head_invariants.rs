//! What holds for every request head that the scanner passes on: the fuzz target and the tests of `src/serve` use this.
//!
//! In: any bytes. Out: nothing, or a panic that names what does not hold.

use bytes::BytesMut;

use super::head_scanner::HeadScanner;

/// The output, the bytes after the head, and whether the head is complete.
fn scan(pieces: &[&[u8]]) -> (Vec<u8>, Vec<u8>, bool) {
    let (mut scanner, mut input, mut output) = (HeadScanner::default(), BytesMut::new(), BytesMut::new());
    for piece in pieces {
        input.extend_from_slice(piece);
        scanner.scan(&mut input, &mut output);
    }
    (output.to_vec(), input.to_vec(), scanner.is_complete())
}

/// How the input is split into reads does not matter, and a complete head has one framing.
pub fn request_head(bytes: &[u8]) {
    let (output, rest, is_complete) = scan(&[bytes]);
    let (first, second) = bytes.split_at(bytes.first().map_or(0, |cut| usize::from(*cut) % bytes.len()));
    assert_eq!(scan(&[first, second]), (output.clone(), rest.clone(), is_complete), "depends on the reads");
    if !is_complete {
        assert!(rest.is_empty(), "bytes of an incomplete head are left");
        return;
    }
    assert!(bytes.ends_with(&rest), "the body was changed");
    let lines: Vec<&[u8]> = output.split(|byte| *byte == b'\n').collect();
    let Some((last, lines)) = lines.split_last() else { return };
    assert!(last.is_empty() && lines.iter().all(|line| line.ends_with(b"\r")), "a line does not end in CR LF");
    assert!(lines.iter().all(|line| line.iter().filter(|byte| **byte == b'\r').count() == 1), "a bare CR");
    let request_line = lines.iter().position(|line| line.len() > 1);
    let headers = request_line.and_then(|first| lines.get(first + 1..)).unwrap_or_default();
    let frames = |line: &&&[u8]| {
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        [&b"content-length"[..], b"transfer-encoding"].iter().any(|framing| name.eq_ignore_ascii_case(framing))
    };
    assert!(headers.iter().filter(frames).count() <= 1, "the body is framed in two ways");
}
