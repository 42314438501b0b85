//! The operators of a term, and since which version of Odoo each is there.
//!
//! In: what a client wrote. Out: an [`Operator`]. Must not know: which version is asked.

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

            /// The first major version of Odoo that has the operator, of those the gateway knows.
            #[must_use]
            pub const fn since(self) -> u8 {
                match self { $(Self::$variant => $since,)* }
            }

            fn exact(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

operators! {
    Equal          "="          14 "`=`; `<>` and `==` are read as `!=` and `=`.";
    NotEqual       "!="         14 "`!=`.";
    Greater        ">"          14 "`>`.";
    GreaterOrEqual ">="         14 "`>=`.";
    Less           "<"          14 "`<`.";
    LessOrEqual    "<="         14 "`<=`.";
    EqualIfSet     "=?"         14 "`=?`: true when the value is empty, else `=`.";
    Like           "like"       14 "`like`: contains, case counts.";
    NotLike        "not like"   14 "`not like`.";
    Ilike          "ilike"      14 "`ilike`: contains, case does not count.";
    NotIlike       "not ilike"  14 "`not ilike`.";
    Pattern        "=like"      14 "`=like`: matches a whole pattern of `%` and `_`.";
    Ipattern       "=ilike"     14 "`=ilike`: the same, case does not count.";
    NotPattern     "not =like"  18 "`not =like`.";
    NotIpattern    "not =ilike" 18 "`not =ilike`.";
    In             "in"         14 "`in` a list.";
    NotIn          "not in"     14 "`not in` a list.";
    ChildOf        "child_of"   14 "`child_of`: the record or below it.";
    ParentOf       "parent_of"  14 "`parent_of`: the record or above it.";
    Any            "any"        17 "`any`: some related record fulfils a domain.";
    NotAny         "not any"    17 "`not any`: no related record fulfils a domain.";
}

impl Operator {
    /// The operator that `text` means: in any case, with `<>` and `==`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::exact(text).or_else(|| match text {
            "<>" => Some(Self::NotEqual),
            "==" => Some(Self::Equal),
            // The longest operator has ten letters: nothing longer is worth a copy.
            _ if text.len() <= 10 => Self::exact(&text.to_ascii_lowercase()),
            _ => None,
        })
    }

    /// Whether Odoo `major` has the operator.
    #[must_use]
    pub const fn available_in(self, major: u8) -> bool {
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
    fn operators_are_read_in_any_case_and_by_their_other_names() {
        for operator in Operator::ALL {
            assert_eq!(Operator::parse(operator.as_str()), Some(*operator));
            assert_eq!(Operator::parse(&operator.as_str().to_uppercase()), Some(*operator));
        }
        for (text, operator) in [("<>", Operator::NotEqual), ("==", Operator::Equal), ("Not In", Operator::NotIn)] {
            assert_eq!(Operator::parse(text), Some(operator));
        }
        for text in ["", "===", "any!", "not any!", "~", "not  in", "inselect", " =", "=\u{a0}", "ılike"] {
            assert_eq!(Operator::parse(text), None, "{text}");
        }
    }

    #[test]
    fn younger_operators_are_not_there_in_older_versions() {
        assert!(Operator::Equal.available_in(14));
        assert!(!Operator::Any.available_in(16) && Operator::Any.available_in(17));
        assert!(!Operator::NotPattern.available_in(17) && Operator::NotPattern.available_in(18));
    }
}
