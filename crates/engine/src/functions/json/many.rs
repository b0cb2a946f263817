//! Several paths of one JSON text in one walk.
//!
//! The paths form a tree of keys and indexes. A walk goes down the text and the tree together, notes where each wanted
//! value begins and ends, and passes over everything else; it stops when no wanted value can follow. Members of the
//! objects of a column usually come in the same order, so the walk remembers for each place in an object which key stood
//! there last, with its colon: a key that is there again costs one comparison.
//!
//! What is found is what [`Json::at`] finds for each path alone: of equal keys the first counts, and text behind the
//! last wanted value is not looked at.

use std::collections::HashMap;

use super::path::Step;
use super::scan::{Json, Node};

/// The deepest path that is walked together with others; the walk recurses along the tree.
pub(super) const DEEPEST_PATH: usize = 64;

/// Paths as a tree. Branch 0 is the root.
#[derive(Debug, Default)]
pub(super) struct PathTree {
    branches: Vec<Branch>,
    slots: usize,
}

#[derive(Debug, Default)]
struct Branch {
    /// Where the value here is noted, if it is wanted.
    slot: Option<usize>,
    keys: HashMap<String, usize>,
    indexes: Vec<(usize, usize)>,
}

impl Branch {
    /// Where the value here is noted, if nothing inside of it is wanted.
    fn leaf(&self) -> Option<usize> {
        self.slot.filter(|_| self.keys.is_empty() && self.indexes.is_empty())
    }
}

/// What walks leave behind: the places of the wanted values, and what they learnt about the order of keys.
#[derive(Debug)]
pub(super) struct Walk {
    /// By document, then by slot.
    found: Vec<Place>,
    slots: usize,
    /// Where the slots of the document that is walked begin.
    base: usize,
    /// By branch: the document in which it was last entered.
    entered: Vec<u64>,
    document: u64,
    /// By branch: what was seen at each place of the object before the value, the key with its quotes, the colon and
    /// blanks; and the branch below it.
    order: Vec<Vec<Before>>,
}

/// What was seen before a value.
#[derive(Debug, Clone)]
struct Before {
    text: Box<str>,
    /// The first bytes of the text as a word, and the bits of the word that they are.
    word: u64,
    mask: u64,
    /// The branch below.
    below: Option<usize>,
}

impl Before {
    fn new(text: &str, below: Option<usize>) -> Self {
        let mut bytes = [0; size_of::<u64>()];
        let mut mask = bytes;
        for (place, byte) in text.bytes().take(bytes.len()).enumerate() {
            (bytes[place], mask[place]) = (byte, u8::MAX);
        }
        let (word, mask) = (u64::from_le_bytes(bytes), u64::from_le_bytes(mask));
        Self { text: text.into(), word, mask, below }
    }

    /// Whether it stands at a place. Most keys are no longer than a word.
    fn stands(&self, json: Json<'_>, at: usize) -> bool {
        match json.word(at) {
            Some(word) if word & self.mask != self.word => false,
            Some(_) if self.text.len() <= size_of::<u64>() => true,
            _ => json.has(at, &self.text),
        }
    }
}

/// Where a value begins and ends in its text. A column holds no text that needs all bits: that of [`PLAIN`] says of the
/// end that the value is a string without escapes.
type Place = (u32, u32);
/// No value.
const NOWHERE: Place = (u32::MAX, 0);
const PLAIN: u32 = 1 << 31;

/// Places of an object of which the key is remembered, and how long it may be, in bytes.
const REMEMBERED: usize = 256;
const LONGEST: usize = 256;

impl PathTree {
    /// Adds a path and gives its slot; equal paths share one.
    pub fn add(&mut self, path: &[Step]) -> usize {
        if self.branches.is_empty() {
            self.branches.push(Branch::default());
        }
        let mut at = 0;
        for step in path {
            let below = match step {
                Step::Key(key) => self.branches[at].keys.get(key).copied(),
                Step::Index(index) => self.branches[at]
                    .indexes
                    .iter()
                    .find(|(known, _)| known == index)
                    .map(|(_, below)| *below),
            };
            at = below.unwrap_or_else(|| {
                let new = self.branches.len();
                match step {
                    Step::Key(key) => drop(self.branches[at].keys.insert(key.clone(), new)),
                    Step::Index(index) => self.branches[at].indexes.push((*index, new)),
                }
                self.branches.push(Branch::default());
                new
            });
        }
        *self.branches[at].slot.get_or_insert_with(|| {
            self.slots += 1;
            self.slots - 1
        })
    }

    /// Memory for walks.
    pub fn walk(&self) -> Walk {
        let count = self.branches.len();
        Walk {
            found: Vec::new(),
            slots: self.slots,
            base: 0,
            entered: vec![0; count],
            document: 0,
            order: vec![Vec::new(); count],
        }
    }

    /// Walks a further text; [`Walk::get`] then gives its values.
    pub fn run(&self, json: Json<'_>, walk: &mut Walk) {
        walk.base = walk.found.len();
        walk.found.resize(walk.base + walk.slots, NOWHERE);
        walk.document += 1;
        if !self.branches.is_empty() {
            self.value(json, json.skip_space(0), 0, false, walk);
        }
    }

    /// Looks at the value at `at`; gives its end if `end` asks for it and the value is complete.
    fn value(&self, json: Json<'_>, at: usize, branch: usize, end: bool, walk: &mut Walk) -> Option<usize> {
        let here = &self.branches[branch];
        let known_end = here.slot.and_then(|slot| walk.note_at(json, at, slot));
        // A value that is cut short has no end, yet what is wanted inside may be complete.
        let seek_end = end && here.slot.is_none();
        let walked = match json.byte(at)? {
            b'{' if !here.keys.is_empty() => self.object(json, at, branch, seek_end, walk),
            b'[' if !here.indexes.is_empty() => self.array(json, at, branch, seek_end, walk),
            _ if seek_end => json.value_end(at, 0),
            _ => None,
        };
        if here.slot.is_some() { known_end } else { walked }
    }

    fn object(&self, json: Json<'_>, at: usize, branch: usize, end: bool, walk: &mut Walk) -> Option<usize> {
        let mut wanted = self.branches[branch].keys.len();
        let mut at = json.open(at, b'{')?;
        if json.byte(at)? == b'}' {
            return Some(at + 1);
        }
        for place in 0.. {
            let (below, value) = self.member(json, at, branch, place, walk)?;
            let below = below.filter(|below| walk.entered[*below] != walk.document);
            let value_end = match below {
                Some(below) => {
                    walk.entered[below] = walk.document;
                    wanted -= 1;
                    let more = end || wanted > 0;
                    let value_end = match self.branches[below].leaf() {
                        Some(slot) => walk.note_at(json, value, slot),
                        None => self.value(json, value, below, more, walk),
                    };
                    if !more {
                        return None;
                    }
                    value_end?
                }
                None => json.value_end(value, 0)?,
            };
            at = json.skip_space(value_end);
            match json.byte(at)? {
                b',' => at = json.skip_space(at + 1),
                b'}' => return Some(at + 1),
                _ => return None,
            }
            if wanted == 0 {
                return json.members_end(at);
            }
        }
        None
    }

    /// The branch below the key at `at`, and where its value begins.
    fn member(
        &self,
        json: Json<'_>,
        at: usize,
        branch: usize,
        place: usize,
        walk: &mut Walk,
    ) -> Option<(Option<usize>, usize)> {
        let order = &mut walk.order[branch];
        if let Some(before) = order.get(place).filter(|before| before.stands(json, at)) {
            return Some((before.below, json.skip_space(at + before.text.len())));
        }
        let (key, value) = json.key(at)?;
        let below = self.branches[branch].keys.get(key.as_ref()).copied();
        if place < REMEMBERED && value - at <= LONGEST {
            let seen = Before::new(json.slice(at, value)?, below);
            if place == order.len() {
                order.push(seen);
            } else if let Some(known) = order.get_mut(place) {
                *known = seen;
            }
        }
        Some((below, value))
    }

    fn array(&self, json: Json<'_>, at: usize, branch: usize, end: bool, walk: &mut Walk) -> Option<usize> {
        let indexes = &self.branches[branch].indexes;
        let last = indexes.iter().map(|(index, _)| *index).max()?;
        let mut at = json.open(at, b'[')?;
        if json.byte(at)? == b']' {
            return Some(at + 1);
        }
        for place in 0.. {
            if place > last {
                return if end { json.elements_end(at) } else { None };
            }
            let more = end || place < last;
            let below = indexes.iter().find(|(index, _)| *index == place).map(|(_, below)| *below);
            let value_end = match below {
                Some(below) => self.value(json, at, below, more, walk),
                None => json.value_end(at, 0),
            };
            if !more {
                return None;
            }
            at = json.skip_space(value_end?);
            match json.byte(at)? {
                b',' => at = json.skip_space(at + 1),
                b']' => return Some(at + 1),
                _ => return None,
            }
        }
        None
    }
}

impl Walk {
    /// Notes the value at `at`; gives its end, if it has one.
    #[inline]
    fn note_at(&mut self, json: Json<'_>, at: usize, slot: usize) -> Option<usize> {
        let (end, plain) = match json.string(at) {
            Some(found) => found,
            None => (json.value_end(at, 0)?, false),
        };
        let bits = |place: usize| u32::try_from(place).ok().filter(|place| place & PLAIN == 0);
        if let (Some(start), Some(behind)) = (bits(at), bits(end)) {
            self.found[self.base + slot] = (start, if plain { behind | PLAIN } else { behind });
        }
        Some(end)
    }

    /// Forgets the texts walked so far, but not what was learnt of them.
    pub fn clear(&mut self) {
        self.found.clear();
    }

    /// As [`Self::get`], the value of a string without escapes.
    pub fn plain<'a>(&self, json: Json<'a>, text: usize, slot: usize) -> Option<&'a str> {
        let (start, end) = *self.found.get(text * self.slots + slot)?;
        if end & PLAIN == 0 {
            return None;
        }
        json.slice(start as usize + 1, (end & !PLAIN) as usize - 1)
    }

    /// The value of a slot in one of the texts walked, counted from the last [`Self::clear`].
    pub fn get<'a>(&self, json: Json<'a>, text: usize, slot: usize) -> Option<Node<'a>> {
        let (start, end) = *self.found.get(text * self.slots + slot)?;
        if (start, end) == NOWHERE {
            return None;
        }
        json.node(start as usize, (end & !PLAIN) as usize, end & PLAIN != 0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof!["[a-c\"]{0,2}".prop_map(Step::Key), (0..3_usize).prop_map(Step::Index),]
    }

    /// JSON with repeated keys, blanks and escapes; or its beginning; or something else.
    fn text() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just("null".to_owned()),
            Just("true".to_owned()),
            "-?[0-9]{1,3}(\\.5)?",
            "\"[a-c \\n]{0,3}\"".prop_map(|text| text.replace('\n', "\\n")),
        ];
        let blank = "[ \n]?";
        let json = leaf.prop_recursive(4, 40, 5, move |inner| {
            let member = ("[a-c]{0,2}|a\\\\\"", blank, inner.clone())
                .prop_map(|(key, blank, value)| format!("\"{key}\"{blank}:{blank}{value}"));
            prop_oneof![
                prop::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(", "))),
                prop::collection::vec(member, 0..6)
                    .prop_map(|members| format!("{{ {} }}", members.join(" ,"))),
            ]
        });
        (json, 0..3_u8, any::<prop::sample::Index>()).prop_map(|(text, cut, at)| {
            if cut > 0 || text.is_empty() {
                return text;
            }
            text[..at.index(text.len())].to_owned()
        })
    }

    proptest! {
        #[test]
        fn finds_what_each_path_finds_alone(
            texts in prop::collection::vec(text(), 1..4),
            paths in prop::collection::vec(prop::collection::vec(step(), 0..4), 1..8),
        ) {
            let mut tree = PathTree::default();
            let slots: Vec<usize> = paths.iter().map(|path| tree.add(path)).collect();
            let mut walk = tree.walk();
            for (number, text) in texts.iter().enumerate() {
                let json = Json::new(text);
                tree.run(json, &mut walk);
                for (path, slot) in paths.iter().zip(&slots) {
                    let alone = json.at(path).map(Node::compact);
                    prop_assert_eq!(walk.get(json, number, *slot).map(Node::compact), alone, "{} {:?}", text, path);
                }
            }
        }
    }
}
