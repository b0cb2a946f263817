//! The Cortex data model (XDM): fields, constants and named sets of fields (`content/schema/xdm_*.txt`).
//!
//! The event model only: what a data-model rule may assign and a `datamodel` query may read. Lists of constants
//! that are known to be incomplete are marked open; a value that is missing there is no mistake.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::types::Type;

const FIELDS: &str = include_str!("../../../content/schema/xdm_fields.txt");
const CONSTANTS: &str = include_str!("../../../content/schema/xdm_constants.txt");
const SETS: &str = include_str!("../../../content/schema/xdm_sets.txt");

/// Data-model rules of the event table, as a rules file.
pub const XDR_DATA_MODEL: &str = include_str!("../../../content/schema/xdr_data_model.xif");

/// The prefix of constants.
pub const XDM_CONST: &str = "XDM_CONST";

/// The data model.
#[derive(Debug)]
pub struct Xdm {
    fields: Vec<XdmField>,
    by_path: HashMap<&'static str, usize>,
    groups: Vec<XdmGroup>,
    fieldsets: HashMap<&'static str, Vec<&'static str>>,
    aliases: HashMap<&'static str, Vec<&'static str>>,
}

/// A path of the data model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct XdmField {
    /// The whole path, lower case: `xdm.source.ipv4`.
    pub path: &'static str,
    /// What it holds.
    pub kind: XdmKind,
}

/// What a path holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum XdmKind {
    /// Values of a type; strings may come from a group of constants.
    Leaf {
        /// The type.
        ty: Type,
        /// The group of constants, as in `OUTCOME`.
        group: Option<&'static str>,
    },
    /// Further fields; it has no value of its own.
    Container,
    /// A field of another model, which rules may not assign.
    Internal,
}

/// A group of constants: `XDM_CONST.<name>_<value>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct XdmGroup {
    /// Its name, upper case.
    pub name: &'static str,
    /// Its values, upper case.
    pub values: Vec<&'static str>,
    /// Whether further values exist.
    pub open: bool,
}

/// A constant taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct XdmConstant<'a> {
    /// The group.
    pub group: &'a XdmGroup,
    /// The value without the group's name, upper case: what events hold and results show.
    pub value: String,
    /// Whether the group lists it.
    pub listed: bool,
}

impl Xdm {
    /// The embedded data model.
    pub fn builtin() -> &'static Self {
        static BUILTIN: LazyLock<Xdm> = LazyLock::new(Xdm::read);
        &BUILTIN
    }

    fn read() -> Self {
        let fields: Vec<XdmField> = lines(FIELDS).filter_map(read_field).collect();
        let by_path = fields.iter().enumerate().map(|(at, field)| (field.path, at)).collect();
        let mut groups: Vec<XdmGroup> = lines(CONSTANTS).filter_map(read_group).collect();
        // The longest name first: `LOGON_TYPE_X` is of LOGON_TYPE even if there were a group LOGON.
        groups.sort_by_key(|group| std::cmp::Reverse(group.name.len()));
        let mut xdm = Self { fields, by_path, groups, fieldsets: HashMap::new(), aliases: HashMap::new() };
        for line in lines(SETS) {
            let Some((head, members)) = line.split_once(':') else { continue };
            let members = members.split_whitespace().flat_map(|member| xdm.expand(member)).collect();
            match head.split_once(' ') {
                Some(("fieldset", name)) => xdm.fieldsets.insert(name, members),
                Some((_, name)) => xdm.aliases.insert(name, members),
                None => None,
            };
        }
        xdm
    }

    fn expand(&self, member: &'static str) -> Vec<&'static str> {
        let Some(prefix) = member.strip_suffix('*') else { return vec![member] };
        self.leaves().map(|(path, _)| path).filter(|path| path.starts_with(prefix)).collect()
    }

    /// The path, case ignored.
    pub fn field(&self, path: &str) -> Option<&XdmField> {
        let at = match self.by_path.get(path) {
            Some(at) => at,
            None => self.by_path.get(path.to_ascii_lowercase().as_str())?,
        };
        self.fields.get(*at)
    }

    /// Every path in the order of the data model.
    pub fn fields(&self) -> &[XdmField] {
        &self.fields
    }

    /// The paths that have values, with their types.
    pub fn leaves(&self) -> impl Iterator<Item = (&'static str, &Type)> {
        self.fields.iter().filter_map(|field| match &field.kind {
            XdmKind::Leaf { ty, .. } => Some((field.path, ty)),
            _ => None,
        })
    }

    /// The nearest path that has values to a misspelt one.
    pub fn nearest(&self, path: &str) -> Option<&'static str> {
        crate::nearest::nearest(path, self.leaves().map(|(path, _)| path))
    }

    /// The group of constants of this name.
    pub fn group(&self, name: &str) -> Option<&XdmGroup> {
        self.groups.iter().find(|group| group.name.eq_ignore_ascii_case(name))
    }

    /// A constant without the prefix `XDM_CONST.`, as in `OUTCOME_SUCCESS`; none if no group begins so.
    pub fn constant(&self, name: &str) -> Option<XdmConstant<'_>> {
        let name = name.to_ascii_uppercase();
        self.groups.iter().find_map(|group| {
            let value = name.strip_prefix(group.name)?.strip_prefix('_')?;
            let listed = group.values.contains(&value);
            Some(XdmConstant { group, value: value.to_owned(), listed })
        })
    }

    /// The nearest constant, with its group's name.
    pub fn nearest_constant(&self, name: &str) -> Option<String> {
        let all = self
            .groups
            .iter()
            .flat_map(|group| group.values.iter().map(move |value| format!("{}_{value}", group.name)));
        let all: Vec<String> = all.collect();
        crate::nearest::nearest(name, all.iter().map(String::as_str)).map(ToOwned::to_owned)
    }

    /// The members of a field set such as `xdm_core`.
    pub fn fieldset(&self, name: &str) -> Option<&[&'static str]> {
        self.fieldsets.get(name.to_ascii_lowercase().as_str()).map(Vec::as_slice)
    }

    /// The members of `XDM_ALIAS.<name>`.
    pub fn alias(&self, name: &str) -> Option<&[&'static str]> {
        self.aliases.get(name.to_ascii_lowercase().as_str()).map(Vec::as_slice)
    }
}

impl XdmField {
    /// The type of its values; none where it has none.
    pub fn ty(&self) -> Option<&Type> {
        match &self.kind {
            XdmKind::Leaf { ty, .. } => Some(ty),
            _ => None,
        }
    }

    /// The group its constants come from.
    pub fn group(&self) -> Option<&'static str> {
        match self.kind {
            XdmKind::Leaf { group, .. } => group,
            _ => None,
        }
    }
}

fn read_field(line: &'static str) -> Option<XdmField> {
    let (path, rest) = line.split_once(' ')?;
    let (word, array) = match rest.strip_suffix(" array") {
        Some(word) => (word, true),
        None => (rest, false),
    };
    let group = word.strip_prefix(XDM_CONST).and_then(|rest| rest.strip_prefix('.'));
    let kind = match word {
        "container" => XdmKind::Container,
        "internal" => XdmKind::Internal,
        // Addresses, hashes and constants are strings with a meaning.
        _ => {
            let ty = Type::parse(word).unwrap_or(Type::String);
            XdmKind::Leaf { ty: if array { Type::array(ty) } else { ty }, group }
        }
    };
    Some(XdmField { path, kind })
}

fn read_group(line: &'static str) -> Option<XdmGroup> {
    let (head, values) = line.split_once(':')?;
    let (name, open) = match head.strip_suffix(" open") {
        Some(name) => (name, true),
        None => (head, false),
    };
    Some(XdmGroup { name, values: values.split_whitespace().collect(), open })
}

/// Lines that are neither empty nor comments.
fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_types() {
        let xdm = Xdm::builtin();
        let ty = |path: &str| xdm.field(path).and_then(XdmField::ty).cloned();
        assert_eq!(ty("XDM.source.IPV4"), Some(Type::String));
        assert_eq!(ty("xdm.source.port"), Some(Type::Int));
        assert_eq!(ty("xdm.source.host.ipv4_addresses"), Some(Type::array(Type::String)));
        assert_eq!(ty("xdm.source.location.latitude"), Some(Type::Float));
        assert_eq!(ty("xdm.email.delivery_timestamp"), Some(Type::Timestamp));
        assert_eq!(xdm.field("xdm.source.host").map(|field| &field.kind), Some(&XdmKind::Container));
        assert_eq!(
            xdm.field("xdm.source.cloud.source_type").map(|field| &field.kind),
            Some(&XdmKind::Internal)
        );
        assert_eq!(xdm.field("xdm.event.outcome").and_then(XdmField::group), Some("OUTCOME"));
        assert_eq!(xdm.nearest("xdm.source.ipv44"), Some("xdm.source.ipv4"));
        assert_eq!(xdm.leaves().count(), 555);
    }

    #[test]
    fn every_line_of_the_data_is_read() {
        let xdm = Xdm::builtin();
        assert_eq!(xdm.fields.len(), lines(FIELDS).count());
        assert_eq!(xdm.groups.len(), lines(CONSTANTS).count());
        for line in lines(FIELDS) {
            let word = line.split(' ').nth(1).unwrap();
            let known = ["ipv4", "ipv6", "mail", "url", "md5", "sha256", "container", "internal"];
            let group = word.strip_prefix("XDM_CONST.").is_some_and(|name| xdm.group(name).is_some());
            assert!(known.contains(&word) || group || Type::parse(word).is_some(), "{line}");
        }
        for members in xdm.fieldsets.values().chain(xdm.aliases.values()) {
            assert!(members.iter().all(|path| xdm.field(path).is_some_and(|field| field.ty().is_some())));
        }
    }

    #[test]
    fn constants_are_taken_apart() {
        let xdm = Xdm::builtin();
        let success = xdm.constant("outcome_success").unwrap();
        assert_eq!(
            (success.group.name, success.value.as_str(), success.listed),
            ("OUTCOME", "SUCCESS", true)
        );
        let logon = xdm.constant("LOGON_TYPE_REMOTE_INTERACTIVE").unwrap();
        assert_eq!(logon.group.name, "LOGON_TYPE");
        assert!(!xdm.constant("OUTCOME_MAYBE").unwrap().listed);
        assert!(xdm.constant("NOTHING_LIKE_IT").is_none());
        assert_eq!(xdm.nearest_constant("OUTCOME_SUCCES").as_deref(), Some("OUTCOME_SUCCESS"));
    }

    #[test]
    fn sets_are_expanded() {
        let xdm = Xdm::builtin();
        assert!(xdm.fieldset("xdm_core").unwrap().contains(&"xdm.event.type"));
        assert!(xdm.fieldset("xdm_network").unwrap().contains(&"xdm.network.http.url"));
        assert_eq!(xdm.alias("ipv4").unwrap().len(), 7);
        assert!(xdm.alias("nothing").is_none());
    }
}
