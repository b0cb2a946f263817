//! One syslog message: the parts of its header, whichever of the two forms it has, and its text.
//!
//! Any bytes give a message. What does not follow a form is the text of a message without a header.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

/// A message.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Message {
    header: Map<String, Value>,
    text: String,
}

const SEVERITIES: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

impl Message {
    /// Reads a message; `now` gives the year that RFC 3164 leaves out.
    pub fn parse(bytes: &[u8], now: Timestamp) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim_end_matches(['\r', '\n', '\0']);
        let mut message = Self::default();
        let Some((priority, rest)) = priority(text) else {
            text.clone_into(&mut message.text);
            return message;
        };
        message.set("facility", u64::from(priority / 8));
        message.set("severity", SEVERITIES[usize::from(priority % 8)]);
        let new = rest.strip_prefix("1 ").and_then(|rest| message.rfc5424(rest));
        let body = new.unwrap_or_else(|| message.rfc3164(rest, now));
        message.text = body.trim_start_matches('\u{feff}').to_owned();
        message
    }

    fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.header.insert(name.to_owned(), value.into());
    }

    /// `TIME HOST APP PROCID MSGID SD MSG`; gives the message's text.
    fn rfc5424<'a>(&mut self, text: &'a str) -> Option<&'a str> {
        let mut rest = text;
        let mut words = [""; 5];
        for word in &mut words {
            (*word, rest) = rest.split_once(' ')?;
        }
        let end = structured_data_end(rest)?;
        let (data, body) = rest.split_at(end);
        if let Ok(time) = words[0].parse::<Timestamp>() {
            self.set("_time", time.to_string());
        }
        for (name, word) in ["host", "appname", "procid", "msgid"].iter().zip(&words[1..]) {
            if *word != "-" {
                self.set(name, *word);
            }
        }
        if data != "-" {
            self.set("structured_data", data);
        }
        Some(body.strip_prefix(' ').unwrap_or(body))
    }

    /// `Mmm dd hh:mm:ss HOST TAG[PID]: MSG`, every part of which may be missing.
    fn rfc3164<'a>(&mut self, text: &'a str, now: Timestamp) -> &'a str {
        let mut rest = text;
        if let Some((time, tail)) = old_time(text, now) {
            self.set("_time", time.to_string());
            rest = tail.trim_start();
            let host = rest.split_once(' ').filter(|(host, _)| !host.ends_with(':') && !host.contains('['));
            if let Some((host, tail)) = host {
                self.set("host", host);
                rest = tail;
            }
        }
        let Some((tag, body)) = rest.split_once(':') else { return rest };
        let (name, pid) = match tag.split_once('[') {
            Some((name, pid)) => (name, pid.strip_suffix(']')),
            None => (tag, None),
        };
        let word = |c: char| c.is_alphanumeric() || "-_./".contains(c);
        if name.is_empty() || name.len() > 48 || !name.chars().all(word) {
            return rest;
        }
        self.set("appname", name);
        if let Some(pid) = pid {
            self.set("procid", pid);
        }
        body.strip_prefix(' ').unwrap_or(body)
    }

    /// The host that sent it, or whose message it passed on.
    pub fn host(&self) -> &str {
        self.header.get("host").and_then(Value::as_str).unwrap_or_default()
    }

    /// The program that wrote it.
    pub fn program(&self) -> &str {
        self.header.get("appname").and_then(Value::as_str).unwrap_or_default()
    }

    /// The text behind the header.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Header and text as a record.
    pub fn record(&self) -> Vec<u8> {
        let mut record = self.header.clone();
        record.insert("message".to_owned(), self.text.as_str().into());
        Value::Object(record).to_string().into_bytes()
    }
}

fn priority(text: &str) -> Option<(u8, &str)> {
    let (number, rest) = text.strip_prefix('<')?.split_once('>')?;
    let number: u8 = number.parse().ok()?;
    (number < 192).then_some((number, rest))
}

/// Where `-` or `[id name="value"…]…` ends; a quote or bracket in a value is escaped with a backslash.
fn structured_data_end(text: &str) -> Option<usize> {
    if text.starts_with('-') {
        return Some(1);
    }
    let (mut inside, mut quoted, mut escaped) = (false, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if inside => quoted = !quoted,
            '[' if !inside => inside = true,
            ']' if inside && !quoted => {
                inside = false;
                if !text[at + 1..].starts_with('[') {
                    return Some(at + 1);
                }
            }
            _ if !inside => return None,
            _ => {}
        }
    }
    None
}

/// `Nov 21 22:14:15`, in UTC, in the year that puts it nearest to now but not more than a day ahead.
fn old_time(text: &str, now: Timestamp) -> Option<(Timestamp, &str)> {
    let (head, rest) = text.split_at_checked(15)?;
    let year = now.to_zoned(TimeZone::UTC).year();
    let at = |year: i16| -> Option<Timestamp> {
        let words: Vec<&str> = head.split_whitespace().collect();
        let text = format!("{year} {}", words.join(" "));
        let time = DateTime::strptime("%Y %b %d %H:%M:%S", text).ok()?;
        Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
    };
    let this = at(year).or_else(|| at(year - 1))?;
    let ahead = this.as_second() - now.as_second() > 86_400;
    let time = if ahead { at(year - 1).unwrap_or(this) } else { this };
    Some((time, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(text: &str) -> Value {
        let now = "2026-01-02T00:00:00Z".parse().unwrap();
        serde_json::from_slice(&Message::parse(text.as_bytes(), now).record()).unwrap()
    }

    #[test]
    fn rfc_5424() {
        let text = "<165>1 2003-10-11T22:14:15.003Z mymachine evntslog - ID47 \
                    [ex@32473 iut=\"3\" a=\"x\\\"]y\"][b@1] \u{feff}An event";
        assert_eq!(
            parse(text),
            json!({"_time": "2003-10-11T22:14:15.003Z", "facility": 20, "severity": "notice", "host": "mymachine",
                "appname": "evntslog", "msgid": "ID47", "message": "An event",
                "structured_data": "[ex@32473 iut=\"3\" a=\"x\\\"]y\"][b@1]"})
        );
    }

    #[test]
    fn rfc_3164_with_and_without_its_parts() {
        assert_eq!(
            parse("<34>Oct 11 22:14:15 mymachine su[12]: 'su root' failed"),
            json!({"_time": "2025-10-11T22:14:15Z", "facility": 4, "severity": "crit", "host": "mymachine",
                "appname": "su", "procid": "12", "message": "'su root' failed"})
        );
        assert_eq!(parse("<13>Jan  2 00:10:00 h x y")["_time"], "2026-01-02T00:10:00Z");
        assert_eq!(parse("<13>just text")["message"], "just text");
        assert_eq!(parse("no header: at all")["message"], "no header: at all");
    }

    #[test]
    fn any_text_is_a_message() {
        let texts = [
            "",
            "<",
            "<>",
            "<999>x",
            "<13>",
            "<13>1 ",
            "<13>1 - - - - - [",
            "<13>1 - - - - - [\"",
            "<0>é: ü",
            "<13>Nov 31 99:99:99 x",
        ];
        for text in texts {
            let _ = parse(text);
        }
        assert_eq!(parse("<13>1 - - - - - -")["message"], "");
    }
}
