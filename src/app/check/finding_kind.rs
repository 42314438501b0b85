//! All kinds of findings: their stable names, how serious they are, and why they matter.
//!
//! In: nothing. Out: [`FindingKind`]. Must not know: how parts are checked. `docs/operations/check.md` explains each
//! kind to operators; a test compares the two lists.

use serde::Serialize;

use crate::config::ConfigWarning;

/// Whether a part works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FindingStatus {
    /// It works.
    Ok,
    /// It could not be checked.
    Skipped,
    /// It works, but something needs attention.
    Warning,
    /// It does not work.
    Failed,
}

/// Defines the kinds: name, code, status, and why it matters.
macro_rules! finding_kinds {
    ($($kind:ident $code:literal $status:ident $why:literal)+) => {
        /// A kind of finding, apart from warnings about settings.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum FindingKind {
            $($kind,)+
        }

        impl FindingKind {
            const CODES: &[&str] = &[$($code,)+];

            /// The stable name.
            pub(super) fn code(self) -> &'static str {
                match self { $(Self::$kind => $code,)+ }
            }

            pub(super) fn status(self) -> FindingStatus {
                match self { $(Self::$kind => FindingStatus::$status,)+ }
            }

            /// Why it matters.
            pub(super) fn why(self) -> &'static str {
                match self { $(Self::$kind => $why,)+ }
            }
        }
    };
}

finding_kinds! {
    StoreUnusable "store-unusable" Failed
        "the gateway does not start without its store, which contains its keys, tokens, and applications"
    StoreWasExposed "store-was-exposed" Warning
        "the store contains sealed Odoo credentials and who may use them; a user who can write to it can grant access"
    FolderWritable "folder-writable" Warning
        "a user who can write to the folder can replace the file in it"
    ConfigurationExposed "configuration-exposed" Warning
        "the file contains a password, and every user of this machine can read it"
    MasterKeyUnusable "master-key-unusable" Failed
        "without the master key no Odoo credential in the store can be opened, and none can be stored"
    MasterKeyMissing "master-key-missing" Warning
        "API keys and tokens contain sealed Odoo credentials, so none can be created until there is a master key"
    MemoryExposed "memory-exposed" Failed
        "core files and debuggers of other processes could show decrypted credentials"
    ApiKeyEnds "api-key-ends" Warning
        "from then on the clients that use it are answered 401"
    OdooKeyNotRenewed "odoo-key-not-renewed" Warning
        "when the Odoo API key ends, the clients whose key or token uses it are answered 401"
    ProxyNotTrusted "proxy-not-trusted" Warning
        "all clients seem to have the address of the proxy: one of them with a wrong password slows down the others, \
         and the networks of API keys do not match"
    ForwardedAddressIgnored "forwarded-address-ignored" Warning
        "if the sender is your reverse proxy, all clients seem to have its address: one of them with a wrong password \
         slows down the others, and the networks of API keys do not match"
    OdooSettingInvalid "odoo-setting-invalid" Failed
        "the gateway does not start with this setting"
    OdooUnreachable "odoo-unreachable" Failed
        "every request to this database is answered 503 until the gateway can connect to Odoo"
    OdooCertificateRejected "odoo-certificate-rejected" Failed
        "the gateway sends no password to a server that does not prove who it is, so every request is answered 503"
    OdooCertificateEnds "odoo-certificate-ends" Warning
        "from then on the gateway does not connect, and every request to this database is answered 503"
    OdooNotResponding "odoo-not-responding" Failed
        "requests to this database wait and are answered 503 or 504"
    OdooNotFound "odoo-not-found" Failed
        "every request to this database fails, because another server answers, or a proxy rejects the calls"
    OdooDatabaseMissing "odoo-database-missing" Failed
        "Odoo can open no other database for these requests, so each of them fails"
    OdooRejectsLogins "odoo-rejects-logins" Failed
        "no user can log in, so every request to this database fails"
    OdooVersionUnsupported "odoo-version-unsupported" Failed
        "older versions have other methods and errors, so reads can fail and errors can be misunderstood"
    OdooVersionUnknown "odoo-version-unknown" Warning
        "the gateway treats it as the newest version that it knows; what has changed since can fail"
    ClockDiffers "clock-differs" Warning
        "tokens end too early or too late, OAuth 1.0a signatures are rejected, and clients that poll by write_date \
         miss records"
    OdooFewWorkers "odoo-few-workers" Warning
        "the calls beyond wait inside Odoo, where the gateway can neither order them nor answer 503 in time"
    OdooNoWorkers "odoo-no-workers" Warning
        "a single process works on one call at a time: a report delays all other calls, and more cores do not help"
    OdooWorkersHidden "odoo-workers-hidden" Skipped
        "with fewer workers than odoo.concurrency, calls wait inside Odoo, where the gateway can neither order them \
         nor answer 503 in time"
    OdooProxyModeOff "odoo-proxy-mode-off" Warning
        "Odoo takes the address of its proxy for that of every user, counts failed logins together, and builds http \
         links"
    OdooProxyModeHidden "odoo-proxy-mode-hidden" Skipped
        "without it Odoo takes the address of its proxy for that of every user, counts failed logins together, and \
         builds http links"
    OdooBaseUrlInvalid "odoo-base-url-invalid" Warning
        "Odoo builds the links in its emails, portal pages, and reports from it"
    OdooBaseUrlNotHttps "odoo-base-url-not-https" Warning
        "the links in Odoo's emails and portal pages lead users over an unencrypted connection, with their tokens"
    OdooBaseUrlOtherHost "odoo-base-url-other-host" Warning
        "the links in Odoo's emails, portal pages, and reports lead to a host on which users may not find Odoo"
    OdooBaseUrlIsGateway "odoo-base-url-is-gateway" Warning
        "the gateway does not serve Odoo's pages, so the links in Odoo's emails and portal pages lead nowhere"
    OdooBaseUrlHidden "odoo-base-url-hidden" Skipped
        "Odoo builds the links in its emails, portal pages, and reports from it"
    OdooApiKeyEnds "odoo-api-key-ends" Warning
        "from then on Odoo rejects it: what the gateway does with it, for an API key or a token of its own, fails"
    OdooKeysHidden "odoo-api-keys-hidden" Skipped
        "keys of Odoo 18 and later end, after three months for most users, and then Odoo rejects them"
    LoginRejected "login-rejected" Failed
        "what this user sees could not be checked"
    LoginMissing "login-missing" Skipped
        "without a user of Odoo, only what Odoo shows to everybody is checked"
    SchemaNotInOdoo "schema-not-in-odoo" Warning
        "responses of /restful/api/v1 lack what Odoo does not have, and clients may expect it"
}

/// The codes of all findings, those about settings first.
#[must_use]
pub fn finding_codes() -> Vec<&'static str> {
    ConfigWarning::CODES.iter().chain(FindingKind::CODES).copied().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_unique() {
        let codes = finding_codes();
        assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len());
    }

    /// The headings of the page for operators.
    #[test]
    fn the_page_for_operators_explains_every_finding() {
        let page = include_str!("../../../docs/operations/check.md");
        let explained: BTreeSet<&str> =
            page.lines().filter_map(|line| line.strip_prefix("### `")?.strip_suffix('`')).collect();
        assert_eq!(explained, finding_codes().into_iter().collect());
    }
}
