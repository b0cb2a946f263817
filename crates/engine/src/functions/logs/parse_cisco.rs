//! `parse_cisco(text)`
//!
//! An object with the parts of a message of a Cisco ASA, FTD, PIX or FWSM firewall, `%ASA-6-302013: text`, wherever it
//! stands: `product`, `severity` (a number), `messageId`, `message`, and `header`, the text before it, if there is one.
//! From the message: `protocol`, `action` (its first word), `source` and `destination` as `interface`, `ip` and `port`
//! where they are written `interface:ip/port`; the first such pair is the source. Null if the argument is null or holds
//! no such message.
//!
//! What the product itself returns is not documented; the names are this implementation's (`XQL.md` O-43).
//!
//! ```text
//! parse_cisco("%ASA-4-106023: Deny tcp src outside:1.2.3.4/5 dst inside:10.0.0.1/443") -> destination.port = "443"
//! ```

use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, StringViewArray};
use datafusion::common::Result;
use regex::Regex;

use crate::functions::args::Args;
use crate::functions::json::render::{ObjectText, quoted};
use crate::functions::{FunctionSpec, Output, Varies};

static MESSAGE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"%(ASA|FTD|PIX|FWSM)-(?:[A-Za-z_]+-)?([0-7])-([0-9]{1,7}):?[ \t]*")
        .expect("a literal that compiles")
});
static ENDPOINT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"([A-Za-z][\w.\-]*):([0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:.]+)(?:/([0-9]{1,5}))?",
    )
    .expect("a literal that compiles")
});
static PROTOCOL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)\b(tcp|udp|icmp6?|gre|esp|sctp)\b").expect("a literal that compiles"));

/// The specification of `parse_cisco`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "parse_cisco",
    aliases: &[],
    doc: "parse_cisco(text): An object with the parts of a message of a Cisco ASA, FTD, PIX or FWSM firewall, `%ASA-6-302013: text`, wherever it stands: `product`, `severity` (a number), `messageId`, `message`, and `header`, the text before it, if there is one. From the message: `protocol`, `action` (its first word), `source` and `destination` as `interface`, `ip` and `port` where they are written `interface:ip/port`; the first such pair is the source. Null if the argument is null or holds no such message. What the product itself returns is not documented; the names are this implementation's.",
    examples: &[
        (
            "parse_cisco(\"%ASA-4-106023: Deny tcp src outside:1.2.3.4/5 dst inside:10.0.0.1/443\") -> destination.port",
            "\"443\"",
        ),
        (
            "parse_cisco(\"%ASA-4-106023: Deny tcp src outside:1.2.3.4/5 dst inside:10.0.0.1/443\") -> messageId",
            "\"106023\"",
        ),
    ],
    arity: (1, Some(1)),
    output: Output::Json,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    Ok(Arc::new((0..args.rows()).map(|row| text.get(row).and_then(object)).collect::<StringViewArray>()))
}

fn object(text: &str) -> Option<String> {
    let found = MESSAGE.captures(text)?;
    let whole = found.get(0)?;
    let mut object = ObjectText::default();
    object.push("product", &quoted(&found[1]));
    object.push("severity", &found[2]);
    object.push("messageId", &quoted(&found[3]));
    let header = text[..whole.start()].trim_end_matches([' ', '\t', ':']);
    if !header.is_empty() {
        object.push("header", &quoted(header));
    }
    let message = text[whole.end()..].trim_end();
    object.push("message", &quoted(message));
    if let Some(action) = message.split_whitespace().next() {
        object.push("action", &quoted(action));
    }
    if let Some(protocol) = PROTOCOL.find(message) {
        object.push("protocol", &quoted(&protocol.as_str().to_ascii_lowercase()));
    }
    for (name, endpoint) in ["source", "destination"].into_iter().zip(ENDPOINT.captures_iter(message)) {
        let mut side = ObjectText::default();
        side.push("interface", &quoted(&endpoint[1]));
        side.push("ip", &quoted(&endpoint[2]));
        if let Some(port) = endpoint.get(3).and_then(|port| port.as_str().parse::<u16>().ok()) {
            side.push("port", &port.to_string());
        }
        object.push(name, &side.finish());
    }
    Some(object.finish())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::functions::testing::*;

    fn parsed(text: &str) -> Value {
        match call("parse_cisco", literals![text]) {
            Value::String(object) => serde_json::from_str(&object).unwrap(),
            other => other,
        }
    }

    #[test]
    fn messages() {
        let text = "<166>Mar 02 2026 09:00:00 fw1 : %ASA-6-302013: Built outbound TCP connection 7 for outside:203.0.113.9/443 (203.0.113.9/443) to inside:10.0.0.1/50123 (198.51.100.1/50123)";
        let object = parsed(text);
        assert_eq!(object["product"], "ASA");
        assert_eq!(object["severity"], 6);
        assert_eq!(object["messageId"], "302013");
        assert_eq!(object["header"], "<166>Mar 02 2026 09:00:00 fw1");
        assert_eq!(object["action"], "Built");
        assert_eq!(object["protocol"], "tcp");
        assert_eq!(object["source"], json!({"interface": "outside", "ip": "203.0.113.9", "port": 443}));
        assert_eq!(object["destination"], json!({"interface": "inside", "ip": "10.0.0.1", "port": 50123}));
    }

    #[test]
    fn others() {
        let object = parsed("%FTD-1-430002: EventPriority: Low");
        assert_eq!(object["product"], "FTD");
        assert_eq!(object["message"], "EventPriority: Low");
        assert_eq!(object.get("source"), None);
        assert_eq!(
            parsed("%ASA-3-106014: Deny inbound icmp src outside:fe80::1 dst inside:10.0.0.1")["source"]["ip"],
            "fe80::1"
        );
        for text in ["", "%ASA-9-1: x", "%IOS-5-CONFIG: y", "ASA-6-302013"] {
            assert_eq!(parsed(text), json!(null), "{text}");
        }
        assert_eq!(call("parse_cisco", literals![()]), json!(null));
    }
}
