//! The message of a `RedirectWarning`, which Odoo sends as the `repr` of a Python tuple.
//!
//! In: `('It cannot be done.\nDo this first.', 250, 'Do this', None)`. Out: its first item. Must not know: the rest of
//! the tuple, which names Odoo's actions and views.
//!
//! ```text
//! tuple   ::= '(' string ',' …
//! string  ::= "'" … "'" | '"' … '"'        escapes \n \r \t \\ \' \" \xhh \uhhhh \Uhhhhhhhh
//! ```

/// The first item of the tuple, or `None` if `text` is not a tuple that begins with a string.
pub(super) fn parse_message(text: &str) -> Option<String> {
    let rest = text.strip_prefix('(')?;
    let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let mut characters = rest.get(1..)?.chars();
    let mut message = String::new();
    loop {
        match characters.next()? {
            '\\' => message.push(parse_escape(&mut characters)?),
            end if end == quote => break,
            character => message.push(character),
        }
    }
    characters.as_str().starts_with(',').then_some(message)
}

fn parse_escape(characters: &mut std::str::Chars<'_>) -> Option<char> {
    let digits = match characters.next()? {
        'n' => return Some('\n'),
        'r' => return Some('\r'),
        't' => return Some('\t'),
        same @ ('\\' | '\'' | '"') => return Some(same),
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => return None,
    };
    let code = characters.as_str().get(..digits)?;
    characters.nth(digits - 1)?;
    char::from_u32(u32::from_str_radix(code, 16).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_item_of_the_tuple_is_the_message() {
        for (text, expected) in [
            (r"('a\n\tb\\\'', 250, 'Go', None)", Some("a\n\tb\\'")),
            (r#"("it's \xe9\u20ac\U0001f600", {'a': 1})"#, Some("it's é€\u{1f600}")),
            ("('a', cut off in the mid", Some("a")),
            ("('a')", None),
            ("('a", None),
            ("(1, 'a')", None),
            ("(see the manual)", None),
            (r"('a\q',", None),
            (r"('\uD800',", None),
            (r"('\x4", None),
            ("", None),
        ] {
            assert_eq!(parse_message(text).as_deref(), expected, "{text}");
        }
    }
}
