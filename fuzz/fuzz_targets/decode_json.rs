//! The wire decoder `json` of crates/sources, plain and with everything that a source can ask of it.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    atalanta_fuzz::decode_all("json", data);
    atalanta_fuzz::decode_with_json_options(
        r#"{"records":["items"],"lift":["body","p.log"],"embedded":["e.x"],"each":["a","b.c"],"carry":["id"],
            "uuid_time":"id","request":"req.body","response":"res.body"}"#,
        data,
    );
});
