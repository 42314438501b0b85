//! Timestamps of signed requests (RFC 5849 section 3.3).
//!
//! ```text
//! timestamp = ( "1"-"9" ) *9( "0"-"9" )        seconds since 1970
//! ```
//!
//! Timestamps need not increase: the vendor's manual requires it, RFC 5849 no longer does (O1-16).
//!
//! In: the text as sent, the time. Out: seconds, and whether they are near enough. Must not know: nonces.

use std::time::Duration;

use time::OffsetDateTime;

/// The most digits: until the year 2286.
const MAX_DIGITS: usize = 10;

/// Parses a timestamp; `None` for a text that is not one.
#[must_use]
pub(super) fn parse(text: &str) -> Option<i64> {
    let is_valid = text.len() <= MAX_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    if is_valid { text.parse().ok() } else { None }
}

/// Whether the timestamp differs from now by at most the window, in either direction.
#[must_use]
pub(super) fn is_near(timestamp: i64, now: OffsetDateTime, window: Duration) -> bool {
    u64::try_from((now.unix_timestamp() - timestamp).abs()).is_ok_and(|difference| difference <= window.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o1_16_only_ascii_digits_are_a_timestamp() {
        assert_eq!(parse("1500704388"), Some(1_500_704_388));
        assert_eq!(parse("9999999999"), Some(9_999_999_999));
        let wrong = [
            "",
            "0",
            "01",
            "-1",
            "+1",
            " 1",
            "1 ",
            "1.0",
            "1e9",
            "0x1",
            "99999999999999999999",
            "\u{ff11}\u{ff15}",
            "abc",
        ];
        for text in wrong {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn o1_16_the_window_is_symmetric() {
        let now = OffsetDateTime::from_unix_timestamp(1_000_000).unwrap();
        let window = Duration::from_secs(300);
        let cases = [(999_700, true), (999_699, false), (1_000_300, true), (1_000_301, false), (1, false)];
        for (timestamp, is_near_now) in cases {
            assert_eq!(is_near(timestamp, now, window), is_near_now, "{timestamp}");
        }
        assert!(!is_near(9_999_999_999, now, window));
    }
}
