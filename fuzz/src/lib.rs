//! What the fuzz targets share.
//!
//! The record reader and the wire decoders are compiled here from the files of their crates: those crates depend on
//! DataFusion, whose instrumented build would take CI longer than all targets run.

#![expect(dead_code, reason = "the modules of other crates bring more than the targets use")]

use atalanta_diag::Diagnostic;

use crate::decode::{DecodeOptions, decoder_with};
pub use crate::framing::{Framing, elements, members, records};

// The listeners' modules name the crate of the record reader, which is this one here.
extern crate self as atalanta_sources;

#[path = "../../crates/record/src/canonical_json.rs"]
mod canonical_json;
#[path = "../../crates/sources/src/conversation.rs"]
mod conversation;
#[path = "../../crates/sources/src/decode/mod.rs"]
mod decode;
#[path = "../../crates/sources/src/framing.rs"]
mod framing;
#[path = "../../crates/record/src/tree/mod.rs"]
mod tree;
#[path = "../../crates/intake/src/body.rs"]
mod body;
#[path = "../../crates/intake/src/http/bulk/items.rs"]
mod bulk_items;
#[path = "../../crates/intake/src/http/cloudevents/event.rs"]
mod cloud_event;
mod error;
#[path = "../../crates/intake/src/http/hec/envelope.rs"]
mod hec_envelope;
mod listeners;
#[path = "../../crates/intake/src/http/otlp/message.rs"]
mod otlp_message;
#[path = "../../crates/intake/src/syslog/frame.rs"]
mod syslog_frame;
#[path = "../../crates/intake/src/syslog/message.rs"]
mod syslog_message;
pub mod input;

pub use listeners::{PROTOCOLS, read_body};

/// Every diagnostic, label and edit lies in the text, on character boundaries.
pub fn assert_placed(text: &str, diagnostics: &[Diagnostic]) {
    for diagnostic in diagnostics {
        let labels = diagnostic.labels.iter().map(|label| label.span);
        let edits = diagnostic.fixes.iter().flat_map(|fix| fix.edits.iter().map(|edit| edit.span));
        for span in labels.chain(edits).chain([diagnostic.span]) {
            assert!(text.get(span.range()).is_some(), "{span:?} is not in the text: {diagnostic:?}");
        }
    }
}

/// Cuts the bytes both ways and decodes the records: every record made names the raw records it came from.
pub fn decode_all(name: &str, data: &[u8]) {
    decode_with(name, &DecodeOptions::default(), data);
}

/// The same for the decoder `pattern` with those regular expressions.
pub fn decode_with_patterns(patterns: &[&str], data: &[u8]) {
    let patterns = patterns.iter().filter_map(|pattern| regex::Regex::new(pattern).ok()).collect();
    decode_with("pattern", &DecodeOptions { patterns, ..DecodeOptions::default() }, data);
}

/// The same for the decoder `json` with those options, as JSON.
pub fn decode_with_json_options(options: &str, data: &[u8]) {
    let json = serde_json::from_str(options).expect("the target names options of the decoder");
    decode_with("json", &DecodeOptions { json: std::sync::Arc::new(json), ..DecodeOptions::default() }, data);
}

fn decode_with(name: &str, options: &DecodeOptions, data: &[u8]) {
    for framing in [Framing::Lines, Framing::Json] {
        let mut decoder = decoder_with(name, options).expect("the target names a decoder");
        let (mut decoded, mut problems) = (Vec::new(), Vec::new());
        for (line, raw) in records(data, framing) {
            decoder.push(raw, line, &mut decoded, &mut problems);
        }
        decoder.finish(&mut decoded, &mut problems);
        assert!(decoded.iter().all(|record| !record.raws.is_empty()), "a record without a raw record");
        assert!(problems.iter().all(|problem| !problem.message.is_empty()), "a problem without a message");
    }
}
