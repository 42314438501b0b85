//! Messages that the next page shows after a form was processed.
//!
//! In: what was done. Out: a sentence. Must not know: cookies. Only the code of a message travels through the browser,
//! so no page shows a text that somebody else has written.

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) struct Notice {
    code: &'static str,
    text: &'static str,
}

macro_rules! notices {
    ($($name:ident $code:literal $text:literal;)*) => {
        impl Notice {
            $(#[doc = $text] pub(in crate::http) const $name: Self = Self { code: $code, text: $text };)*

            const ALL: &[Self] = &[$(Self::$name,)*];
        }
    };
}

notices! {
    ENABLED          "enabled"          "It is enabled.";
    DISABLED         "disabled"         "It is disabled. Requests with it are rejected from now on.";
    UPDATED          "updated"          "The change is saved. It takes effect within a second.";
    DELETED          "deleted"          "It is deleted.";
    ORIGINS_CHANGED  "origins_changed"  "The origins are changed.";
    SIGNED_OUT       "signed_out"       "You are signed out.";
    SESSION_ENDED    "session_ended"    "The session has ended.";
    TOKEN_ENDED      "token_ended"      "It is revoked. Programs that use it are rejected from now on.";
    CONSENT_REVOKED  "consent_revoked"  "The application no longer has access.";
    UNLINKED         "unlinked"         "You are no longer linked. The login tokens of the link are revoked.";
    LINKED           "linked"           "You are linked. Programs with this key can now create login tokens for you.";
}

impl Notice {
    /// The notice with this code.
    pub(super) fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|notice| notice.code == code)
    }

    /// The code, for the cookie.
    pub(super) fn code(self) -> &'static str {
        self.code
    }

    /// The sentence.
    pub(super) fn text(self) -> &'static str {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_notice_is_found_by_its_code() {
        for notice in Notice::ALL {
            assert_eq!(Notice::from_code(notice.code), Some(*notice));
        }
        assert_eq!(Notice::from_code("<b>"), None);
    }
}
