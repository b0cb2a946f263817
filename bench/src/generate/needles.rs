//! The rare events of the needle queries and the rows that hold them.

/// Command line of 11 events, spread over the period.
pub const COMMAND_LINE: &str =
    r"-w hidden rundll32.exe C:\Users\{user}\AppData\Local\Temp\zx_needle_9f31.dll,Start";
/// Request body of one event.
pub const BODY: &str = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"send it to zx_dropzone_77c2.example please"}]}"#;
/// Hash of one file event.
pub const HASH: &str = "6e7fa37c3b2b9d5c1f0e8a4d9276b5c4e3f2a1908d7c6b5a493827160f5e4d3c";

/// What is hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needle {
    /// [`COMMAND_LINE`], 11 times.
    CommandLine,
    /// [`BODY`], once.
    Body,
    /// [`HASH`], once.
    Hash,
}

/// The needles and their row numbers among `rows` rows of the whole period; needs at least 100 rows.
pub fn places(rows: u64) -> Vec<(u64, Needle)> {
    let mut places: Vec<(u64, Needle)> =
        (0..11).map(|number| (rows * (2 * number + 1) / 22, Needle::CommandLine)).collect();
    places.push((rows * 3 / 5 + 1, Needle::Body));
    places.push((rows * 7 / 10 + 3, Needle::Hash));
    places
}
