//! The members of an object.

use std::ops::Index;

use super::{Text, Value};

/// Members of an object, sorted by the bytes of their names, each name once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map {
    members: Vec<(Text, Value)>,
}

impl Map {
    /// No members.
    pub const fn new() -> Self {
        Self { members: Vec::new() }
    }

    /// No members, and room for so many.
    pub fn with_capacity(count: usize) -> Self {
        Self { members: Vec::with_capacity(count) }
    }

    /// Members in any order; of those of one name the last counts. Also tells a name that came twice.
    pub(super) fn of(mut members: Vec<(Text, Value)>) -> (Self, Option<Text>) {
        let sorted = members.is_sorted_by(|(a, _), (b, _)| a < b);
        let mut twice = None;
        if !sorted {
            members = in_order(members);
            members.dedup_by(|later, earlier| {
                let same = later.0 == earlier.0;
                if same {
                    twice.get_or_insert_with(|| earlier.0.clone());
                    std::mem::swap(later, earlier);
                }
                same
            });
        }
        (Self { members }, twice)
    }

    fn find(&self, name: &str) -> Result<usize, usize> {
        self.members.binary_search_by(|(known, _)| known.as_str().cmp(name))
    }

    /// The member of that name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.find(name).ok().map(|at| &self.members[at].1)
    }

    /// The member of that name.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        self.find(name).ok().map(|at| &mut self.members[at].1)
    }

    /// Whether there is a member of that name.
    pub fn contains_key(&self, name: &str) -> bool {
        self.find(name).is_ok()
    }

    /// Sets a member; gives the value that it had. Members behind it are moved: many are better given at once.
    pub fn insert(&mut self, name: impl Into<Text> + AsRef<str>, value: Value) -> Option<Value> {
        match self.find(name.as_ref()) {
            Ok(at) => Some(std::mem::replace(&mut self.members[at].1, value)),
            Err(at) => {
                self.members.insert(at, (name.into(), value));
                None
            }
        }
    }

    /// Sets a member unless there is one of that name.
    pub fn insert_new(&mut self, name: impl Into<Text> + AsRef<str>, value: Value) {
        if let Err(at) = self.find(name.as_ref()) {
            self.members.insert(at, (name.into(), value));
        }
    }

    /// Adds those of other members whose names are not there yet.
    pub fn fill(&mut self, mut others: Vec<(Text, Value)>) {
        others.append(&mut self.members);
        *self = Self::of(others).0;
    }

    /// Takes out the member of that name.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        self.find(name).ok().map(|at| self.members.remove(at).1)
    }

    /// Keeps the members that pass.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &mut Value) -> bool) {
        self.members.retain_mut(|(name, value)| keep(name, value));
    }

    /// The members in the order of their names.
    pub fn iter(&self) -> std::slice::Iter<'_, (Text, Value)> {
        self.members.iter()
    }

    /// The members in the order of their names.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&Text, &mut Value)> {
        self.members.iter_mut().map(|(name, value)| (&*name, value))
    }

    /// The names in order.
    pub fn keys(&self) -> impl Iterator<Item = &Text> {
        self.members.iter().map(|(name, _)| name)
    }

    /// The values in the order of their names.
    pub fn values(&self) -> impl Iterator<Item = &Value> {
        self.members.iter().map(|(_, value)| value)
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The members in the order of their names, as a list.
    pub fn into_members(self) -> Vec<(Text, Value)> {
        self.members
    }
}

/// Members by their names, those of one name as they came. Their places are sorted rather than themselves, most by the
/// eight bytes with which their names begin.
fn in_order(mut members: Vec<(Text, Value)>) -> Vec<(Text, Value)> {
    let place = |(at, (name, _)): (usize, &(Text, Value))| (beginning(name.as_bytes()), at);
    let mut places: Vec<(u64, usize)> = members.iter().enumerate().map(place).collect();
    places.sort_unstable_by(|a, b| {
        a.0.cmp(&b.0).then_with(|| members[a.1].0.cmp(&members[b.1].0)).then(a.1.cmp(&b.1))
    });
    places.into_iter().map(|(_, at)| std::mem::take(&mut members[at])).collect()
}

/// The first eight bytes as a number; where there are fewer, zeros follow.
fn beginning(name: &[u8]) -> u64 {
    match name.first_chunk() {
        Some(first) => u64::from_be_bytes(*first),
        None => name.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)) << ((8 - name.len()) * 8 % 64),
    }
}

impl Index<&str> for Map {
    type Output = Value;

    fn index(&self, name: &str) -> &Value {
        self.get(name).unwrap_or(&Value::Null)
    }
}

impl<'m> IntoIterator for &'m Map {
    type Item = &'m (Text, Value);
    type IntoIter = std::slice::Iter<'m, (Text, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Map {
    type Item = (Text, Value);
    type IntoIter = std::vec::IntoIter<(Text, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.members.into_iter()
    }
}

/// Of members of one name the last counts.
impl<N: Into<Text>> FromIterator<(N, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (N, Value)>>(members: I) -> Self {
        Self::of(members.into_iter().map(|(name, value)| (name.into(), value)).collect()).0
    }
}

/// Of members of one name the last counts.
impl<N: Into<Text>> Extend<(N, Value)> for Map {
    fn extend<I: IntoIterator<Item = (N, Value)>>(&mut self, members: I) {
        let mut all = std::mem::take(&mut self.members);
        all.extend(members.into_iter().map(|(name, value)| (name.into(), value)));
        *self = Self::of(all).0;
    }
}

impl<const N: usize> From<[(&str, Value); N]> for Map {
    fn from(members: [(&str, Value); N]) -> Self {
        members.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(members: &[(&str, i64)]) -> Map {
        members.iter().map(|(name, value)| (*name, Value::from(*value))).collect()
    }

    fn shown(map: &Map) -> Vec<(&str, i64)> {
        map.iter().map(|(name, value)| (name.as_str(), value.as_i64().unwrap())).collect()
    }

    #[test]
    fn members_are_sorted_and_the_last_of_a_name_counts() {
        let mut found = map(&[("b", 1), ("a", 2), ("b", 3), ("", 4), ("b", 5)]);
        assert_eq!(shown(&found), [("", 4), ("a", 2), ("b", 5)]);
        assert_eq!(found.insert("aa", 6.into()), None);
        assert_eq!(found.insert("a", 7.into()), Some(2.into()));
        found.insert_new("a", 8.into());
        found.insert_new("c", 9.into());
        assert_eq!(shown(&found), [("", 4), ("a", 7), ("aa", 6), ("b", 5), ("c", 9)]);
        found.extend(map(&[("d", 1), ("a", 1)]));
        found.fill(map(&[("a", 2), ("e", 2)]).into_members());
        found.retain(|name, _| name != "aa");
        assert_eq!((found.remove(""), found.remove("x")), (Some(4.into()), None));
        assert_eq!(shown(&found), [("a", 1), ("b", 5), ("c", 9), ("d", 1), ("e", 2)]);
        assert_eq!((found.get("c").and_then(Value::as_i64), &found["x"]), (Some(9), &Value::Null));
    }

    #[test]
    fn names_are_sorted_by_all_their_bytes() {
        let mut names = vec![
            "abcdefghi",
            "abcdefgh",
            "abcdefgh\0",
            "b",
            "",
            "abcdefg",
            "ab",
            "ab\0",
            "\0",
            "\u{e9}",
            "~",
            "ABCDEFGH",
            "abcdefgh and more than is kept in place",
            "abcdefgh and more",
        ];
        let found: Map = names.iter().map(|name| (*name, Value::Null)).collect();
        names.sort_unstable();
        assert_eq!(found.keys().collect::<Vec<_>>(), names);
    }

    #[test]
    fn a_name_that_came_twice_is_told() {
        let members = |names: &[&str]| names.iter().map(|name| ((*name).into(), Value::Null)).collect();
        assert_eq!(Map::of(members(&["a", "b"])).1, None);
        assert_eq!(Map::of(members(&["b", "a"])).1, None);
        assert_eq!(Map::of(members(&["b", "a", "b"])).1.as_deref(), Some("b"));
        assert_eq!(Map::of(members(&["a", "a"])).1.as_deref(), Some("a"));
    }
}
