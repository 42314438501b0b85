//! The parsers of the gateway, compiled without the rest: a fuzz build takes seconds and instruments nothing else.
//!
//! In: nothing. Out: the parsers under the paths that they have in the gateway, and what holds for each of them.

pub mod call_invariants;
pub mod header_invariants;
pub mod invariants;
pub mod oauth1;

/// Files of the gateway; each finds its submodules next to it.
#[path = "../../src"]
mod gateway {
    pub mod error;
    pub mod error_code;
    pub mod language;
    #[expect(dead_code, reason = "names in the source code of the gateway")]
    pub mod names;
    #[path = "odoo"]
    pub mod odoo {
        #[path = "jsonrpc"]
        pub mod jsonrpc {
            mod python_json;
            pub mod response;
            #[path = "../../../fuzz/src/response_invariants.rs"]
            pub mod response_invariants;
        }
        pub mod rpc_codec;
        #[path = "xmlrpc"]
        pub mod xmlrpc {
            mod cursor;
            mod parser;
            pub mod request;
            mod usual;
        }
    }
    pub mod plain_bytes;
    #[path = "serve"]
    pub mod serve {
        #[expect(dead_code, reason = "the limits are for the connection")]
        mod head_scanner;
        #[path = "../../fuzz/src/head_invariants.rs"]
        pub mod head_invariants;
    }
    pub mod value;
}

pub use gateway::odoo::jsonrpc::response_invariants;
pub use gateway::serve::head_invariants;
pub use gateway::{error, error_code, language, names, odoo, plain_bytes, value};
