//! `base64`, `base64offset`, `wide`, `utf16le`, `utf16be`, `utf16`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Applied, Draft, Modifier, cannot, refuse};
use crate::pattern::Pattern;

pub(super) fn apply(modifier: Modifier, draft: Draft) -> Applied {
    let bytes = match (&draft, modifier) {
        (Draft::Text(pattern), _) => match pattern.as_plain() {
            Some(text) => text.as_bytes().to_vec(),
            None => return refuse(format!("`{}` cannot encode a text with wildcards", modifier.name())),
        },
        (Draft::Bytes(bytes), Modifier::Base64 | Modifier::Base64Offset) => bytes.clone(),
        _ => return cannot(modifier, &draft),
    };
    Ok(match modifier {
        Modifier::Base64 => vec![Draft::Text(Pattern::plain(&STANDARD.encode(bytes)))],
        Modifier::Base64Offset => {
            (0..3).map(|shift| Draft::Text(Pattern::plain(&shifted(&bytes, shift)))).collect()
        }
        _ => vec![Draft::Bytes(utf16(modifier, &String::from_utf8_lossy(&bytes)))],
    })
}

/// The characters of the encoding that depend on these bytes alone, when `shift` bytes stand before them.
fn shifted(bytes: &[u8], shift: usize) -> String {
    let mut padded = vec![b' '; shift];
    padded.extend_from_slice(bytes);
    let encoded = STANDARD.encode(&padded);
    // The first characters also hold bits of what stands before, the last ones bits of what follows.
    let start = [0, 2, 3][shift];
    let end = match padded.len() % 3 {
        0 => encoded.len(),
        1 => encoded.len() - 3,
        _ => encoded.len() - 2,
    };
    encoded.get(start..end).unwrap_or_default().to_owned()
}

fn utf16(modifier: Modifier, text: &str) -> Vec<u8> {
    let mark = (modifier == Modifier::Utf16).then_some(0xfeff);
    let units = mark.into_iter().chain(text.encode_utf16());
    match modifier {
        Modifier::Utf16be => units.flat_map(u16::to_be_bytes).collect(),
        _ => units.flat_map(u16::to_le_bytes).collect(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{refusal, texts};
    use super::*;

    #[test]
    fn values_of_other_implementations() {
        // `foobar` as in pySigma's documentation of the modifiers.
        assert_eq!(texts("f|base64: foobar"), ["Zm9vYmFy"]);
        assert_eq!(texts("f|base64offset|contains: foobar"), ["*Zm9vYmFy*", "*Zvb2Jhc*", "*mb29iYX*"]);
        assert_eq!(texts("f|wide|base64: ping"), ["cABpAG4AZwA="]);
        assert_eq!(texts("f|utf16be|base64: ping"), ["AHAAaQBuAGc="]);
        assert_eq!(texts("f|utf16|base64: a"), ["//5hAA=="]);
    }

    #[test]
    fn encodings_need_plain_texts_and_base64_behind() {
        assert!(refusal("f|base64: 'a*'").contains("wildcards"));
        assert!(refusal("f|wide: a").contains("needs `base64`"));
        assert!(refusal("f|base64: null").contains("cannot be applied to null"));
    }

    proptest! {
        #[test]
        fn one_of_the_offsets_stands_in_every_encoding(before in "[a-z]{0,5}", text in "[ -~]{3,12}", behind in "[a-z]{0,5}") {
            let whole = STANDARD.encode(format!("{before}{text}{behind}"));
            let found = (0..3).any(|shift| whole.contains(&shifted(text.as_bytes(), shift)));
            prop_assert!(found, "{whole}");
        }
    }
}
