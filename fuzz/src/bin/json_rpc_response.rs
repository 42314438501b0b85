//! Fuzz target: the parser of Odoo's JSON-RPC responses, with any text.

#![no_main]
libfuzzer_sys::fuzz_target!(|text: &str| odoo_gateway_fuzz::response_invariants::json_rpc_response(text));
