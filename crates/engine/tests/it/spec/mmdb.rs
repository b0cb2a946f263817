//! A MaxMind database made from a table of networks, byte by byte after the published format.

use std::net::Ipv4Addr;

use atalanta_engine::geo::Geo;

use super::block::Block;
use super::cells::{is_rule, split};

const SEPARATOR: usize = 16;

/// A value of the data section.
enum Value {
    Text(String),
    Double(f64),
    Number16(u16),
    Number32(u32),
    Number64(u64),
    Map(Vec<(&'static str, Value)>),
    Array(Vec<Value>),
}

/// Databases with the networks of a `geo` block: `network | loc_…`.
pub fn databases(block: &Block) -> Geo {
    let mut lines = block.lines.iter().filter(|line| !line.trim().is_empty() && !is_rule(line));
    let header = split(lines.next().unwrap());
    let mut tree = Tree { nodes: vec![[None, None]] };
    let mut data = Vec::new();
    for line in lines {
        let cells = split(line);
        let cell = |name: &str| {
            let at = header.iter().position(|column| column == name)?;
            (cells[at] != "null").then(|| cells[at].clone())
        };
        let at = data.len();
        encode(&record(&cell), &mut data);
        tree.insert(&cell("network").unwrap(), at);
    }
    Geo::from_bytes(vec![tree.database(&data)]).unwrap()
}

fn record(cell: &dyn Fn(&str) -> Option<String>) -> Value {
    let named =
        |name: &str| Value::Map(vec![("names", Value::Map(vec![("en", Value::Text(name.to_owned()))]))]);
    let mut members = Vec::new();
    for (column, member) in [("loc_city", "city"), ("loc_continent", "continent"), ("loc_country", "country")]
    {
        members.extend(cell(column).map(|name| (member, named(&name))));
    }
    members.extend(cell("loc_region").map(|name| ("subdivisions", Value::Array(vec![named(&name)]))));
    let mut location = Vec::new();
    if let Some(place) = cell("loc_latlon") {
        let (latitude, longitude) = place.split_once(',').unwrap();
        location.push(("latitude", Value::Double(latitude.parse().unwrap())));
        location.push(("longitude", Value::Double(longitude.parse().unwrap())));
    }
    location.extend(cell("loc_timezone").map(|zone| ("time_zone", Value::Text(zone))));
    members.push(("location", Value::Map(location)));
    let number = cell("loc_asn").map(|number| Value::Number32(number.parse().unwrap()));
    members.extend(number.map(|number| ("autonomous_system_number", number)));
    members.extend(cell("loc_asn_org").map(|org| ("autonomous_system_organization", Value::Text(org))));
    Value::Map(members)
}

fn control(ty: u8, size: usize, out: &mut Vec<u8>) {
    let (short, long) = if size < 29 { (size as u8, None) } else { (29, Some((size - 29) as u8)) };
    if ty <= 7 {
        out.push(ty << 5 | short);
    } else {
        out.extend([short, ty - 7]);
    }
    out.extend(long);
}

fn encode(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Text(text) => {
            control(2, text.len(), out);
            out.extend(text.as_bytes());
        }
        Value::Double(number) => {
            control(3, 8, out);
            out.extend(number.to_be_bytes());
        }
        Value::Number16(number) => {
            control(5, 2, out);
            out.extend(number.to_be_bytes());
        }
        Value::Number32(number) => {
            control(6, 4, out);
            out.extend(number.to_be_bytes());
        }
        Value::Number64(number) => {
            control(9, 8, out);
            out.extend(number.to_be_bytes());
        }
        Value::Map(members) => {
            control(7, members.len(), out);
            for (key, value) in members {
                encode(&Value::Text((*key).to_owned()), out);
                encode(value, out);
            }
        }
        Value::Array(values) => {
            control(11, values.len(), out);
            values.iter().for_each(|value| encode(value, out));
        }
    }
}

#[derive(Clone, Copy)]
enum Record {
    Node(usize),
    Data(usize),
}

struct Tree {
    nodes: Vec<[Option<Record>; 2]>,
}

impl Tree {
    fn insert(&mut self, network: &str, data: usize) {
        let (address, length) = network.split_once('/').unwrap();
        let (bits, length) =
            (u32::from(address.parse::<Ipv4Addr>().unwrap()), length.parse::<u32>().unwrap());
        let mut node = 0;
        for depth in 0..length {
            let side = (bits >> (31 - depth) & 1) as usize;
            if depth + 1 == length {
                self.nodes[node][side] = Some(Record::Data(data));
                return;
            }
            node = match self.nodes[node][side] {
                Some(Record::Node(next)) => next,
                _ => {
                    self.nodes.push([None, None]);
                    let next = self.nodes.len() - 1;
                    self.nodes[node][side] = Some(Record::Node(next));
                    next
                }
            };
        }
    }

    fn database(&self, data: &[u8]) -> Vec<u8> {
        let count = self.nodes.len();
        let mut out = Vec::new();
        for record in self.nodes.iter().flatten() {
            let value = match record {
                None => count,
                Some(Record::Node(node)) => *node,
                Some(Record::Data(at)) => count + SEPARATOR + at,
            };
            out.extend(&(value as u32).to_be_bytes()[1..]);
        }
        out.extend([0; SEPARATOR]);
        out.extend(data);
        out.extend(b"\xab\xcd\xefMaxMind.com");
        let metadata = Value::Map(vec![
            ("binary_format_major_version", Value::Number16(2)),
            ("binary_format_minor_version", Value::Number16(0)),
            ("build_epoch", Value::Number64(1_772_442_000)),
            ("database_type", Value::Text("Specification".to_owned())),
            ("description", Value::Map(vec![("en", Value::Text("made by a test".to_owned()))])),
            ("ip_version", Value::Number16(4)),
            ("languages", Value::Array(vec![Value::Text("en".to_owned())])),
            ("node_count", Value::Number32(count as u32)),
            ("record_size", Value::Number16(24)),
        ]);
        encode(&metadata, &mut out);
        out
    }
}
