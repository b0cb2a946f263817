//! The wire decoder `linux_audit` of crates/sources.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| atalanta_fuzz::decode_all("linux_audit", data));
