//! The version of an Odoo server as two numbers, which can be compared.
//!
//! In: the numbers. Out: [`VersionNumber`]. Must not know: how a server tells its version.
//!
//! Odoo Online runs versions between the yearly ones, such as `saas~19.4`. A change is named after the first version
//! that has it: `version.is_at_least((19, 3))`.

use std::fmt;

/// Major and minor version. `19.0` is `(19, 0)`, `saas~19.4` is `(19, 4)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VersionNumber {
    /// The major version: 19 of `saas~19.4`.
    pub major: u8,
    /// The minor version: 4 of `saas~19.4`; 0 for the yearly versions.
    pub minor: u8,
}

impl VersionNumber {
    /// The number of a version. The last version of Odoo Online before Odoo 20, `saas~19.5`, is `(20, 0)`: the two
    /// have the same code.
    #[must_use]
    pub const fn new(major: u8, minor: u8) -> Self {
        match (major, minor) {
            (19, 5..) => Self { major: 20, minor: 0 },
            _ => Self { major, minor },
        }
    }

    /// Whether this is the version `first` or a later one.
    #[must_use]
    pub fn is_at_least(self, first: (u8, u8)) -> bool {
        (self.major, self.minor) >= first
    }
}

impl fmt::Display for VersionNumber {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_odoo_online_are_between_the_yearly_ones() {
        let version = |major, minor| VersionNumber::new(major, minor);
        assert!(version(19, 0) < version(19, 1) && version(19, 4) < version(20, 0));
        assert!(version(19, 4).is_at_least((19, 4)) && !version(19, 3).is_at_least((19, 4)));
        assert!(version(20, 0).is_at_least((19, 4)) && !version(18, 9).is_at_least((19, 0)));
        assert_eq!(version(19, 4).to_string(), "19.4");
    }

    #[test]
    fn saas_19_5_is_odoo_20() {
        assert_eq!(VersionNumber::new(19, 5), VersionNumber::new(20, 0));
    }
}
