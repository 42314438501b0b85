//! The exception at the end of a Python traceback.
//!
//! In: the text of a traceback, and `str(exception)` if it is known. Out: the class of the exception, its message, and
//! where it was raised: at the call of the method, inside the method, or after it had returned. Must not know: the
//! meaning of a class. The traceback itself contains file paths, and SQL with literal values; it is never passed on.
//!
//! ```text
//! Traceback (most recent call last):            the last block counts; earlier blocks are causes
//!   File "…", line 12, in f
//!     source                                    and, since Python 3.11, a line of ^^^^
//! psycopg2.errors.UndefinedColumn: column …     the first line that is not indented, up to the first ": "
//! LINE 1: SELECT …                              a message may continue over several lines
//! ```

const OPENING: &str = "Traceback (most recent call last):";

/// The end of a traceback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TracebackTail<'a> {
    /// The class with its module, for example `psycopg2.errors.UniqueViolation` or `ValueError`.
    pub(super) exception: &'a str,
    /// `str(exception)`.
    pub(super) message: &'a str,
    /// Where it was raised.
    pub(super) location: FrameLocation,
}

/// Where an exception was raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameLocation {
    /// Where Odoo calls the method: there are no ids, or the arguments do not match. The method did not run.
    AtCall,
    /// In the method, or before Odoo reached it.
    Inside,
    /// In a function that Odoo runs after the commit.
    AfterCommit,
    /// While the result was serialized. The method had returned, and Odoo had committed.
    Serializing {
        /// Whether the cause is a value inside a list or dict of the result, not the result itself.
        nested: bool,
    },
}

/// Parses a traceback. `message` is `str(exception)`, if the fault contains it separately.
pub(super) fn parse<'a>(traceback: &'a str, message: Option<&'a str>) -> TracebackTail<'a> {
    let end = traceback.trim_end();
    let (exception, message) =
        message.and_then(|message| split_before(end, message.trim_end())).unwrap_or_else(|| split_after_frames(end));
    TracebackTail { exception, message, location: locate(traceback) }
}

/// Whether the controller of JSON-2 raised the exception itself, which it does only before it calls the method.
pub(super) fn is_raised_by_json2(traceback: &str) -> bool {
    let raising = traceback.lines().rfind(|line| is_frame(line));
    raising.is_some_and(|frame| frame.contains("json2.py\"") && frame.ends_with(", in web_json_2_rpc"))
}

/// Whether `text` begins like a traceback.
pub(super) fn is_traceback(text: &str) -> bool {
    text.starts_with(OPENING)
}

/// Whether a function raised it that Odoo runs after the commit.
pub(super) fn is_after_commit(traceback: &str) -> bool {
    traceback.lines().any(|line| line.trim() == "self.postcommit.run()")
}

/// If there is no frame of the module that dispatches calls, but one of the function that serializes the result, the
/// method had returned: the result could not be written as XML or JSON.
fn locate(traceback: &str) -> FrameLocation {
    let frames = || traceback.lines().filter(|line| is_frame(line));
    let dispatches = |line: &str| line.contains("service/model.py\"") || line.contains("service\\model.py\"");
    if !frames().any(dispatches) && frames().any(|line| line.ends_with(", in dumps")) {
        let nested = frames().any(|line| line.ends_with(", in dump_array") || line.ends_with(", in dump_struct"));
        return FrameLocation::Serializing { nested };
    }
    if is_after_commit(traceback) {
        return FrameLocation::AfterCommit;
    }
    let raising = frames().rfind(|line| !raises_again(line));
    if raising.is_some_and(calls_the_method) { FrameLocation::AtCall } else { FrameLocation::Inside }
}

/// Over JSON-RPC, Odoo 14 and 15 raise every exception again; the frame that does so is not where it comes from.
fn raises_again(frame: &str) -> bool {
    frame.contains("http.py\"") && frame.ends_with(", in _handle_exception")
}

/// The frame that takes the ids from the arguments and calls the method: in `odoo/api.py` up to Odoo 18, since then in
/// `odoo/service/model.py`.
fn calls_the_method(frame: &str) -> bool {
    const FUNCTIONS: [&str; 4] =
        [", in call_kw", ", in _call_kw_multi", ", in _call_kw_model", ", in _call_kw_model_create"];
    const FILES: [&str; 4] = ["/odoo/api.py\"", "\\odoo\\api.py\"", "service/model.py\"", "service\\model.py\""];
    FUNCTIONS.iter().any(|function| frame.ends_with(function)) && FILES.iter().any(|file| frame.contains(file))
}

fn is_frame(line: &str) -> bool {
    line.starts_with("  File \"") && line.contains(", line ")
}

/// The class, if `message` is known: it precedes the message on the same line.
fn split_before<'a>(end: &'a str, message: &'a str) -> Option<(&'a str, &'a str)> {
    let head = end.strip_suffix(message)?;
    let line = head.rsplit('\n').next()?;
    let exception = line.strip_suffix(": ").or_else(|| message.is_empty().then_some(line))?;
    is_class(exception).then_some((exception, message))
}

/// The class, if the message is not known: it begins the first line after the frames of the last block.
fn split_after_frames(end: &str) -> (&str, &str) {
    let block = end.rfind(OPENING).and_then(|at| end.get(at + OPENING.len()..)).unwrap_or(end);
    let block = block.trim_start_matches('\n');
    let mut rest = block;
    while let Some((_, tail)) = rest.split_once('\n').filter(|(line, _)| line.starts_with(' ')) {
        rest = tail;
    }
    match rest.split_once(": ") {
        Some((exception, message)) if is_class(exception) => (exception, message),
        _ if is_class(rest.trim_end_matches(':')) => (rest.trim_end_matches(':'), ""),
        _ => ("Exception", rest),
    }
}

fn is_class(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.';
    !text.is_empty() && text.len() <= 128 && text.bytes().all(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAMES: &str = "Traceback (most recent call last):\n  File \"/usr/lib/odoo/http.py\", line 1, in dispatch\n    \
                          return self(x)\n           ^^^^^^^\n  [Previous line repeated 3 more times]\n  \
                          File \"/usr/lib/odoo/service/model.py\", line 2, in execute\n    raise ValueError()\n";

    fn raised<'a>(traceback: &'a str, message: Option<&'a str>) -> (&'a str, &'a str) {
        let tail = parse(traceback, message);
        (tail.exception, tail.message)
    }

    #[test]
    fn exception_follows_the_frames_and_may_span_lines() {
        for (end, expected) in [
            ("ValueError: a: b\n", ("ValueError", "a: b")),
            ("psycopg2.errors.X: a\nLINE 1: SELECT\n   ^\n\n", ("psycopg2.errors.X", "a\nLINE 1: SELECT\n   ^")),
            ("KeyboardInterrupt\n", ("KeyboardInterrupt", "")),
            ("AssertionError: \n", ("AssertionError", "")),
            ("what is this\n", ("Exception", "what is this")),
        ] {
            assert_eq!(raised(&format!("{FRAMES}{end}"), None), expected, "{end}");
        }
    }

    #[test]
    fn last_of_chained_exceptions_counts() {
        let chained = format!(
            "{FRAMES}KeyError: 'a'\n\nDuring handling of the above exception, another exception occurred:\n\n\
             {FRAMES}ValueError: b\n"
        );
        assert_eq!(raised(&chained, None), ("ValueError", "b"));
    }

    #[test]
    fn known_message_is_not_searched_for() {
        let message =
            "while evaluating\nTraceback (most recent call last):\n  File \"<x>\", line 1, in f\nKeyError: 'a'";
        let traceback = format!("{FRAMES}ValueError: {message}\n");
        assert_eq!(raised(&traceback, Some(message)), ("ValueError", message));
        assert_eq!(raised(&traceback, None).0, "KeyError");
        assert_eq!(raised(&format!("{FRAMES}AssertionError\n"), Some("")), ("AssertionError", ""));
    }

    #[test]
    fn unserializable_result_differs_from_a_failed_method() {
        let writing = "Traceback (most recent call last):\n  File \"/o/rpc.py\", line 1, in _xmlrpc\n    x\n  \
                       File \"/usr/lib/python3.9/xmlrpc/client.py\", line 968, in dumps\n    x\nTypeError: cannot marshal None\n";
        assert_eq!(parse(writing, None).location, FrameLocation::Serializing { nested: false });
        let reading = writing.replace("in dumps", "in loads");
        assert_eq!(parse(&reading, None).location, FrameLocation::Inside);
        let inside = writing.replace("/o/rpc.py", "/o/service/model.py");
        assert_eq!(parse(&inside, None).location, FrameLocation::Inside);
        for function in ["dump_struct", "dump_array"] {
            let frame = format!("  File \"/p/client.py\", line 3, in {function}\n    x\nTypeError");
            let nested = writing.replace("TypeError", &frame);
            assert_eq!(parse(&nested, None).location, FrameLocation::Serializing { nested: true }, "{function}");
        }
    }

    #[test]
    fn exception_after_the_commit_differs_from_one_before() {
        let location = |function: &str| {
            let traceback = format!(
                "{FRAMES}  File \"/usr/lib/odoo/sql_db.py\", line 562, in commit\n    self.{function}()\n  \
                 File \"/usr/lib/odoo/tools/misc.py\", line 1, in run\n    func()\nValueError: x\n"
            );
            parse(&traceback, None).location
        };
        assert_eq!(location("postcommit.run"), FrameLocation::AfterCommit);
        assert_eq!(location("precommit.run"), FrameLocation::Inside);
    }

    #[test]
    fn mismatched_call_differs_from_a_failed_method() {
        let at = |frame: &str| {
            let traceback = format!("{FRAMES}  File \"{frame}\n    x\nIndexError: list index out of range\n");
            parse(&traceback, None).location
        };
        for frame in [
            "/usr/lib/odoo/service/model.py\", line 70, in call_kw",
            "/usr/lib/odoo/api.py\", line 379, in _call_kw_multi",
            "C:\\odoo\\api.py\", line 464, in call_kw",
        ] {
            assert_eq!(at(frame), FrameLocation::AtCall, "{frame}");
        }
        let again = "/usr/lib/odoo/api.py\", line 379, in _call_kw_multi\n    x\nException\n\nThe above exception was the \
                     direct cause of the following exception:\n\nTraceback (most recent call last):\n  File \
                     \"/usr/lib/odoo/http.py\", line 315, in _handle_exception";
        assert_eq!(at(again), FrameLocation::AtCall);
        for frame in [
            "/usr/lib/odoo/addons/sale/models/sale_order.py\", line 1, in action_confirm",
            "/usr/lib/odoo/addons/x/api.py\", line 1, in call",
        ] {
            assert_eq!(at(frame), FrameLocation::Inside, "{frame}");
        }
    }

    #[test]
    fn malformed_tracebacks_do_not_panic() {
        for strange in ["", "\n", " ", "  \n  ", "Traceback (most recent call last):", "a: ", ": a", "é: ü"] {
            let _ = parse(strange, None);
            let _ = parse(strange, Some(strange));
        }
    }
}
