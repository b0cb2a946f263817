//! The wire decoder `pattern` of crates/sources, with the patterns of an access log.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let patterns = [
        r#"^(?P<ip>\S+) \[(?P<time>[^\]]+)\] "(?P<method>[A-Z]+) (?P<uri>\S+)(?: (?P<protocol>[^"]*))?" (?P<rest>.*)$"#,
        r"^(?P<message>.*\S.*)$",
    ];
    atalanta_fuzz::decode_with_patterns(&patterns, data);
});
