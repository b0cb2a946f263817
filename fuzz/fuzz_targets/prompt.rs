//! Texts for models: whatever they hold, they are read within bounds, and reading what was revealed finds no less text.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let found = atalanta_prompt::cues(text);
    let decoded: usize = found.revealed.layers.iter().map(|layer| layer.text.len()).sum();
    assert!(decoded <= atalanta_prompt::MOST_DECODED, "{decoded}");
    assert!(atalanta_prompt::cues::CATEGORIES.len() >= found.categories.len());
    let half = text.floor_char_boundary(text.len() / 2);
    let _ = atalanta_prompt::shared_words(&text[..half], &text[half..]);
});
