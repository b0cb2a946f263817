//! The wire decoder `attestation` of crates/sources.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| atalanta_fuzz::decode_all("attestation", data));
