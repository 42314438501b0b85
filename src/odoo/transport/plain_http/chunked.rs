//! The chunked transfer coding (RFC 9112, section 7.1).
//!
//! In: the bytes of a chunked body in pieces of any size. Out: the content. Must not know: connections, limits of the
//! content. As strict as hyper: line ends are CR and LF, and extensions and trailers have a limit.

/// Maximum size of all chunk extensions, and of all trailers, in bytes.
const MAX_EXTRA_BYTES: usize = 16 * 1024;
/// Maximum number of trailers.
const MAX_TRAILERS: usize = 100;

/// Decodes one body.
#[derive(Default)]
pub(super) struct ChunkedDecoder {
    state: ChunkState,
    /// The number of bytes that are left of the current chunk.
    left: u64,
    extension_bytes: usize,
    trailers: Vec<u8>,
}

/// The coding is not valid.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct MalformedChunk;

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum ChunkState {
    #[default]
    FirstDigit,
    Digit,
    SpaceAfterSize,
    Extension,
    LineFeedAfterSize,
    Content,
    ReturnAfterContent,
    LineFeedAfterContent,
    TrailerStart,
    Trailer,
    LineFeedAfterTrailer,
    LastLineFeed,
    End,
}

impl ChunkedDecoder {
    /// Whether the end of the body was decoded.
    pub(super) fn is_at_end(&self) -> bool {
        self.state == ChunkState::End
    }

    /// Appends the content of `input` to `output`. Returns how much of the input belongs to the body: all of it, until
    /// the end of the body is reached.
    ///
    /// # Errors
    /// If the coding is not valid.
    pub(super) fn decode(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<usize, MalformedChunk> {
        let mut rest = input;
        while let (Some((&byte, after)), false) = (rest.split_first(), self.is_at_end()) {
            if self.state == ChunkState::Content {
                let length = usize::try_from(self.left).unwrap_or(usize::MAX).min(rest.len());
                let (content, after) = rest.split_at(length);
                output.extend_from_slice(content);
                rest = after;
                self.left -= length as u64;
                if self.left == 0 {
                    self.state = ChunkState::ReturnAfterContent;
                }
            } else {
                self.state = self.next_state(byte)?;
                rest = after;
            }
        }
        Ok(input.len() - rest.len())
    }

    /// The state after a byte that is not content.
    fn next_state(&mut self, byte: u8) -> Result<ChunkState, MalformedChunk> {
        use ChunkState::{
            Content, Digit, End, Extension, FirstDigit, LastLineFeed, LineFeedAfterContent, LineFeedAfterSize,
            LineFeedAfterTrailer, ReturnAfterContent, SpaceAfterSize, Trailer, TrailerStart,
        };
        match (self.state, byte) {
            (FirstDigit | Digit, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => self.add_digit(byte),
            (Digit | SpaceAfterSize, b'\t' | b' ') => Ok(SpaceAfterSize),
            (Digit | SpaceAfterSize, b';') => Ok(Extension),
            (Digit | SpaceAfterSize | Extension, b'\r') => Ok(LineFeedAfterSize),
            (Extension, byte) if byte != b'\n' => self.skip_extension(),
            (LineFeedAfterSize, b'\n') if self.left == 0 => Ok(TrailerStart),
            (LineFeedAfterSize, b'\n') => Ok(Content),
            (ReturnAfterContent, b'\r') => Ok(LineFeedAfterContent),
            (LineFeedAfterContent, b'\n') => Ok(FirstDigit),
            (TrailerStart, b'\r') => self.add_to_trailers(byte, LastLineFeed),
            (Trailer, b'\r') => self.add_to_trailers(byte, LineFeedAfterTrailer),
            (TrailerStart | Trailer, byte) => self.add_to_trailers(byte, Trailer),
            (LineFeedAfterTrailer, b'\n') => self.add_to_trailers(byte, TrailerStart),
            (LastLineFeed, b'\n') => self.add_to_trailers(byte, End).and_then(|end| self.check_trailers(end)),
            _ => Err(MalformedChunk),
        }
    }

    fn add_digit(&mut self, digit: u8) -> Result<ChunkState, MalformedChunk> {
        let digit = char::from(digit).to_digit(16).ok_or(MalformedChunk)?;
        let size = self.left.checked_mul(16).and_then(|size| size.checked_add(digit.into()));
        self.left = size.ok_or(MalformedChunk)?;
        Ok(ChunkState::Digit)
    }

    fn skip_extension(&mut self) -> Result<ChunkState, MalformedChunk> {
        self.extension_bytes += 1;
        if self.extension_bytes < MAX_EXTRA_BYTES { Ok(ChunkState::Extension) } else { Err(MalformedChunk) }
    }

    fn add_to_trailers(&mut self, byte: u8, next: ChunkState) -> Result<ChunkState, MalformedChunk> {
        self.trailers.push(byte);
        if self.trailers.len() < MAX_EXTRA_BYTES { Ok(next) } else { Err(MalformedChunk) }
    }

    /// Trailers are ignored, but they must have the form of headers.
    fn check_trailers(&self, next: ChunkState) -> Result<ChunkState, MalformedChunk> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_TRAILERS];
        match httparse::parse_headers(&self.trailers, &mut headers) {
            Ok(httparse::Status::Complete(_)) => Ok(next),
            _ => Err(MalformedChunk),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The content, how much of the input belongs to the body, and whether its end was reached; decoded in pieces.
    fn decode(input: &[u8], piece: usize) -> Result<(String, usize, bool), MalformedChunk> {
        let (mut decoder, mut output, mut used) = (ChunkedDecoder::default(), Vec::new(), 0);
        for piece in input.chunks(piece) {
            used += decoder.decode(piece, &mut output)?;
        }
        Ok((String::from_utf8(output).unwrap(), used, decoder.is_at_end()))
    }

    #[test]
    fn content_is_the_same_for_pieces_of_any_size() {
        let body = "4\r\nWiki\r\n0C;name=\"value\"\r\npedia is 1\r\n\r\n3 \t\r\nabc\r\n0\r\nA: b\r\nC:\r\n\r\n";
        let input = format!("{body}after");
        for piece in 1..=input.len() {
            let expected = ("Wikipedia is 1\r\nabc".to_owned(), body.len(), true);
            assert_eq!(decode(input.as_bytes(), piece), Ok(expected), "{piece}");
        }
    }

    #[test]
    fn incomplete_body_has_no_end() {
        let body = "2\r\nab\r\n0\r\nA: b\r\n\r\n";
        for length in 0..body.len() {
            let (_, used, is_at_end) = decode(&body.as_bytes()[..length], 1).unwrap();
            assert_eq!((used, is_at_end), (length, false), "{length}");
        }
        assert!(decode(body.as_bytes(), 1).unwrap().2);
    }

    #[test]
    fn invalid_coding_is_rejected() {
        let long = "x".repeat(MAX_EXTRA_BYTES);
        for body in [
            "\r\n",
            "x\r\n",
            ";a\r\n",
            "-1\r\na\r\n",
            "0x1\r\na\r\n",
            "1\na\r\n",
            "1 1\r\na\r\n",
            "1;a\nb\r\n",
            "1\r\nab\r\n",
            "1\r\na\n0\r\n",
            "1\r\na\r0\r\n",
            "10000000000000000\r\n",
            "0\r\n\rx",
            "0\r\nno colon\r\n\r\n",
            "0\r\nA: b\rC: d\r\n\r\n",
            &format!("1;{long}\r\na\r\n0\r\n\r\n"),
            &format!("0\r\nA: {long}\r\n\r\n"),
            &format!("0\r\n{}\r\n", "A: b\r\n".repeat(MAX_TRAILERS + 1)),
        ] {
            for piece in [1, body.len()] {
                assert_eq!(decode(body.as_bytes(), piece), Err(MalformedChunk), "{body:?}");
            }
        }
    }
}
