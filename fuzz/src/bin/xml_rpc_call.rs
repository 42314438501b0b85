//! Fuzz target: the parser of XML-RPC calls, with any input.

#![no_main]
libfuzzer_sys::fuzz_target!(|text: &str| odoo_gateway_fuzz::call_invariants::xml_rpc_call(text));
