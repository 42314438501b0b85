//! When a request was signed (RFC 5849 section 3.3).
//!
//! ```text
//! timestamp = ( "1"-"9" ) *9( "0"-"9" )        seconds since 1970
//! ```
//!
//! In: the text as sent, the time. Out: seconds, and whether they are near enough. Must not know: nonces. A client need
//! not count upwards: what the vendor's manual demands there, RFC 5849 took back (O1-16).

use std::time::Duration;

use time::OffsetDateTime;

/// The most digits: the year 2286.
const MOST_DIGITS: usize = 10;

/// Reads it; `None` for what is no timestamp.
#[must_use]
pub(super) fn parse(text: &str) -> Option<i64> {
    let right = text.len() <= MOST_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    if right { text.parse().ok() } else { None }
}

/// Whether it lies within the window around now, in both directions.
#[must_use]
pub(super) fn is_near(timestamp: i64, now: OffsetDateTime, window: Duration) -> bool {
    u64::try_from((now.unix_timestamp() - timestamp).abs()).is_ok_and(|apart| apart <= window.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o1_16_only_plain_digits_are_a_timestamp() {
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
    fn o1_16_the_window_is_as_wide_on_both_sides() {
        let now = OffsetDateTime::from_unix_timestamp(1_000_000).unwrap();
        let window = Duration::from_secs(300);
        for (timestamp, near) in [(999_700, true), (999_699, false), (1_000_300, true), (1_000_301, false), (1, false)]
        {
            assert_eq!(is_near(timestamp, now, window), near, "{timestamp}");
        }
        assert!(!is_near(9_999_999_999, now, window));
    }
}
