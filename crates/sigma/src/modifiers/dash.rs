//! `windash`: Windows programs take options behind several dashes and the slash.

use super::{Applied, Draft, Modifier, cannot, refuse};

const DASHES: [char; 5] = ['-', '/', '\u{2013}', '\u{2014}', '\u{2015}'];

/// More variants than this are refused: each one is a test of its own.
const MOST: usize = 3125;

pub(super) fn apply(draft: Draft) -> Applied {
    let Draft::Text(pattern) = &draft else { return cannot(Modifier::Windash, &draft) };
    let Some(patterns) = pattern.vary(variants).filter(|patterns| patterns.len() <= MOST) else {
        return refuse("`windash` makes more than 3,125 variants of the value");
    };
    Ok(patterns.into_iter().map(Draft::Text).collect())
}

/// Every dash of the text as each of the dashes; slashes stay, since paths have them.
fn variants(text: &str) -> Option<Vec<String>> {
    let mut all = vec![String::new()];
    for c in text.chars() {
        if c != '-' {
            all.iter_mut().for_each(|variant| variant.push(c));
            continue;
        }
        if all.len() * DASHES.len() > MOST {
            return None;
        }
        all = all.iter().flat_map(|variant| DASHES.map(|dash| format!("{variant}{dash}"))).collect();
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{refusal, texts};

    #[test]
    fn every_dash_varies() {
        assert_eq!(texts("f|windash|contains: ' -f'"), ["* -f*", "* /f*", "* –f*", "* —f*", "* ―f*"]);
        assert_eq!(texts("f|windash: 'a-b-c'").len(), 25);
        assert_eq!(texts("f|windash: 'a/b'"), ["a/b"]);
        assert_eq!(texts("f|windash: 'a-*-b'").len(), 25);
    }

    #[test]
    fn too_many_variants_are_refused() {
        assert!(refusal("f|windash: '------'").contains("3,125"));
    }
}
