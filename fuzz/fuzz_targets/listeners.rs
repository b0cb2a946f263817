//! The bodies of the listeners of crates/intake; the first byte chooses the protocol.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((first, body)) = data.split_first() else { return };
    let protocols = atalanta_fuzz::PROTOCOLS;
    atalanta_fuzz::read_body(protocols[usize::from(*first) % protocols.len()], body);
});
