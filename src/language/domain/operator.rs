//! The operators of a term, and the version of Odoo that introduced each. `access` (Odoo 19.3), which asks for the
//! rights on a related record, is not one of them.
//!
//! In: text. Out: an [`Operator`]. Must not know: the version of the server.

macro_rules! operators {
    ($($variant:ident $text:literal $since:literal $doc:literal;)*) => {
        /// How a field is compared.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Operator {
            $(#[doc = $doc] $variant,)*
        }

        impl Operator {
            /// All of them.
            pub const ALL: &'static [Operator] = &[$(Operator::$variant,)*];

            /// The operator as Odoo writes it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The first supported major version of Odoo that has the operator.
            #[must_use]
            pub const fn since(self) -> u8 {
                match self { $(Self::$variant => $since,)* }
            }

            fn from_exact(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

operators! {
    Equal          "="          14 "`=`; `<>` and `==` are parsed as `!=` and `=`.";
    NotEqual       "!="         14 "`!=`.";
    Greater        ">"          14 "`>`.";
    GreaterOrEqual ">="         14 "`>=`.";
    Less           "<"          14 "`<`.";
    LessOrEqual    "<="         14 "`<=`.";
    EqualIfSet     "=?"         14 "`=?`: true when the value is empty, else `=`.";
    Like           "like"       14 "`like`: contains, case-sensitive.";
    NotLike        "not like"   14 "`not like`.";
    Ilike          "ilike"      14 "`ilike`: contains, case-insensitive.";
    NotIlike       "not ilike"  14 "`not ilike`.";
    Pattern        "=like"      14 "`=like`: matches a complete pattern with `%` and `_`.";
    Ipattern       "=ilike"     14 "`=ilike`: the same, case-insensitive.";
    NotPattern     "not =like"  18 "`not =like`.";
    NotIpattern    "not =ilike" 18 "`not =ilike`.";
    In             "in"         14 "`in` a list.";
    NotIn          "not in"     14 "`not in` a list.";
    ChildOf        "child_of"   14 "`child_of`: the record or one below it.";
    ParentOf       "parent_of"  14 "`parent_of`: the record or one above it.";
    Any            "any"        17 "`any`: a related record matches a domain.";
    NotAny         "not any"    17 "`not any`: no related record matches a domain.";
}

impl Operator {
    /// Parses an operator, in any case, including `<>` and `==`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::from_exact(text).or_else(|| match text {
            "<>" => Some(Self::NotEqual),
            "==" => Some(Self::Equal),
            // The longest operator has ten characters: longer texts are not copied.
            _ if text.len() <= 10 => Self::from_exact(&text.to_ascii_lowercase()),
            _ => None,
        })
    }

    /// Whether Odoo `major` has the operator.
    #[must_use]
    pub const fn is_available_in(self, major: u8) -> bool {
        major >= self.since()
    }

    /// Whether the value must be a list.
    #[must_use]
    pub const fn wants_list(self) -> bool {
        matches!(self, Self::In | Self::NotIn)
    }

    /// Whether the value is a domain.
    #[must_use]
    pub const fn wants_domain(self) -> bool {
        matches!(self, Self::Any | Self::NotAny)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_are_parsed_in_any_case_and_by_their_aliases() {
        for operator in Operator::ALL {
            assert_eq!(Operator::parse(operator.as_str()), Some(*operator));
            assert_eq!(Operator::parse(&operator.as_str().to_uppercase()), Some(*operator));
        }
        for (text, operator) in [("<>", Operator::NotEqual), ("==", Operator::Equal), ("Not In", Operator::NotIn)] {
            assert_eq!(Operator::parse(text), Some(operator));
        }
        for text in ["", "===", "any!", "not any!", "access", "~", "not  in", "inselect", " =", "=\u{a0}", "ılike"] {
            assert_eq!(Operator::parse(text), None, "{text}");
        }
    }

    #[test]
    fn newer_operators_are_not_available_in_older_versions() {
        assert!(Operator::Equal.is_available_in(14));
        assert!(!Operator::Any.is_available_in(16) && Operator::Any.is_available_in(17));
        assert!(!Operator::NotPattern.is_available_in(17) && Operator::NotPattern.is_available_in(18));
    }
}
