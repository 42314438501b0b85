//! Fuzz target: the parser of the OAuth 1.0a `Authorization` header, with any input.

#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| odoo_gateway_fuzz::header_invariants::oauth_header(bytes));
