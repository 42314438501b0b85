//! Fuzz target: the scanner of HTTP/1 request heads, with any input.

#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| odoo_gateway_fuzz::head_invariants::request_head(bytes));
