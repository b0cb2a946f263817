//! The protocol of Postgres, version 3.0 (chapter "Frontend/Backend Protocol" of its manual): messages as bytes.
//!
//! Values go both ways as text, which the server reads as the type that a statement needs.

use super::failure::Cause;
use super::stream::{Stream, Wait};
use crate::catalog::sql::Value;

/// Longest message that is taken.
const MAX_MESSAGE: usize = 1 << 30;

/// Types that are not read as text: those of truth values and of whole numbers.
const BOOL: u32 = 16;
const WHOLE: [u32; 4] = [20, 21, 23, 26];

/// Messages on their way to the server.
#[derive(Default)]
pub(super) struct Messages(pub Vec<u8>);

impl Messages {
    /// Asks for TLS.
    pub fn tls_request() -> Self {
        let mut out = Self::default();
        out.framed(None, |body| body.extend_from_slice(&80_877_103_u32.to_be_bytes()));
        out
    }

    /// Begins a session.
    pub fn startup(user: &str, database: &str) -> Self {
        let settings = [
            ("user", user),
            ("database", database),
            ("application_name", "atalanta"),
            ("client_encoding", "UTF8"),
        ];
        let mut out = Self::default();
        out.framed(None, |body| {
            body.extend_from_slice(&(3_u32 << 16).to_be_bytes());
            for (key, value) in settings {
                text(body, key);
                text(body, value);
            }
            body.push(0);
        });
        out
    }

    /// A password as it is.
    pub fn password(password: &str) -> Self {
        let mut out = Self::default();
        out.framed(Some(b'p'), |body| text(body, password));
        out
    }

    /// The first message of a proof.
    pub fn proof_begins(mechanism: &str, message: &str) -> Self {
        let mut out = Self::default();
        out.framed(Some(b'p'), |body| {
            text(body, mechanism);
            counted(body, Some(message.as_bytes()));
        });
        out
    }

    /// A further message of a proof.
    pub fn proof(message: &str) -> Self {
        let mut out = Self::default();
        out.framed(Some(b'p'), |body| body.extend_from_slice(message.as_bytes()));
        out
    }

    /// Statements without values.
    pub fn batch(statements: &str) -> Self {
        let mut out = Self::default();
        out.framed(Some(b'Q'), |body| text(body, statements));
        out
    }

    /// The end of a session.
    pub fn goodbye() -> Self {
        let mut out = Self::default();
        out.framed(Some(b'X'), |_| {});
        out
    }

    /// Prepares a statement under a name.
    pub fn prepare(&mut self, name: &str, statement: &str) {
        self.framed(Some(b'P'), |body| {
            text(body, name);
            text(body, statement);
            body.extend_from_slice(&[0, 0]);
        });
    }

    /// Runs a prepared statement and, if `described`, has its columns named.
    pub fn run(&mut self, name: &str, values: &[Value], described: bool) {
        self.framed(Some(b'B'), |body| {
            text(body, "");
            text(body, name);
            // No formats: all values are texts.
            body.extend_from_slice(&[0, 0]);
            body.extend_from_slice(&(values.len() as u16).to_be_bytes());
            for value in values {
                let value = match value {
                    Value::Null => None,
                    Value::Bool(flag) => Some(flag.to_string()),
                    Value::Int(number) => Some(number.to_string()),
                    Value::Text(text) => Some(text.clone()),
                };
                counted(body, value.as_ref().map(String::as_bytes));
            }
            body.extend_from_slice(&[0, 0]);
        });
        if described {
            self.framed(Some(b'D'), |body| text(body, "P"));
        }
        self.framed(Some(b'E'), |body| {
            text(body, "");
            body.extend_from_slice(&[0; 4]);
        });
    }

    /// Ends a series of requests.
    pub fn sync(&mut self) {
        self.framed(Some(b'S'), |_| {});
    }

    /// A message with its length.
    fn framed(&mut self, tag: Option<u8>, fill: impl FnOnce(&mut Vec<u8>)) {
        self.0.extend(tag);
        let start = self.0.len();
        self.0.extend_from_slice(&[0; 4]);
        fill(&mut self.0);
        let length = (self.0.len() - start) as u32;
        self.0[start..start + 4].copy_from_slice(&length.to_be_bytes());
    }
}

fn text(body: &mut Vec<u8>, text: &str) {
    // A text ends with its first NUL.
    body.extend(text.bytes().take_while(|byte| *byte != 0));
    body.push(0);
}

fn counted(body: &mut Vec<u8>, bytes: Option<&[u8]>) {
    let length = bytes.map_or(-1, |bytes| bytes.len() as i32);
    body.extend_from_slice(&length.to_be_bytes());
    body.extend_from_slice(bytes.unwrap_or_default());
}

/// What a server says about a request that it does not carry out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Refusal {
    /// `ERROR`; whatever is worse ends the connection.
    pub severity: String,
    /// Five letters and digits.
    pub code: String,
    pub message: String,
    pub detail: Option<String>,
}

/// What a server says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// Who we are is settled, or how to prove it: kind and what belongs to it.
    Authentication(u32, Vec<u8>),
    /// A statement is prepared.
    Prepared,
    /// Types of the columns of the rows that follow.
    Columns(Vec<u32>),
    Row(Vec<Option<String>>),
    /// A statement was carried out; rows that it changed.
    Done(u64),
    Refused(Refusal),
    /// It waits for requests.
    Ready,
    /// Something that needs no answer.
    Other,
}

/// The next message.
pub(super) fn receive(stream: &mut Stream, wait: Wait<'_>) -> Result<Said, Cause> {
    let mut head = [0; 5];
    stream.receive(&mut head, wait)?;
    let [tag, length @ ..] = head;
    let length = (u32::from_be_bytes(length) as usize).checked_sub(4).filter(|length| *length <= MAX_MESSAGE);
    let Some(length) = length else { return Err(broken("a message of impossible length")) };
    let mut body = vec![0; length];
    stream.receive(&mut body, wait)?;
    parse(tag, &body)
}

fn broken(what: &str) -> Cause {
    Cause::Protocol(format!("{what} came, expected one of the protocol of Postgres"))
}

fn parse(tag: u8, body: &[u8]) -> Result<Said, Cause> {
    let mut rest = Rest(body);
    Ok(match tag {
        b'R' => Said::Authentication(rest.long()?, rest.0.to_vec()),
        b'1' => Said::Prepared,
        b'T' => Said::Columns(columns(rest)?),
        b'D' => Said::Row(row(rest)?),
        b'C' => {
            let words = rest.text()?;
            Said::Done(words.rsplit(' ').next().and_then(|word| word.parse().ok()).unwrap_or(0))
        }
        b'E' => Said::Refused(refusal(rest)?),
        b'Z' => Said::Ready,
        _ => Said::Other,
    })
}

fn columns(mut rest: Rest<'_>) -> Result<Vec<u32>, Cause> {
    let mut types = Vec::new();
    for _ in 0..rest.short()? {
        rest.text()?;
        // The table and the column in it.
        rest.take(6)?;
        types.push(rest.long()?);
        // Size, modifier and format.
        rest.take(8)?;
    }
    Ok(types)
}

fn row(mut rest: Rest<'_>) -> Result<Vec<Option<String>>, Cause> {
    let mut cells = Vec::new();
    for _ in 0..rest.short()? {
        let length = rest.long()?;
        let bytes = if length == u32::MAX { None } else { Some(rest.take(length as usize)?) };
        let text = bytes.map(|bytes| String::from_utf8(bytes.to_vec())).transpose();
        cells.push(text.map_err(|_| broken("a value that is no text"))?);
    }
    Ok(cells)
}

fn refusal(mut rest: Rest<'_>) -> Result<Refusal, Cause> {
    let mut refusal = Refusal::default();
    loop {
        let [field] = *rest.take(1)? else { return Err(broken("a short message")) };
        if field == 0 {
            return Ok(refusal);
        }
        let text = rest.text()?.into_owned();
        match field {
            b'V' => refusal.severity = text,
            b'C' => refusal.code = text,
            b'M' => refusal.message = text,
            b'D' => refusal.detail = Some(text),
            _ => {}
        }
    }
}

/// What is left of a message.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], Cause> {
        let Some((taken, rest)) = self.0.split_at_checked(length) else {
            return Err(broken("a message that ends too early"));
        };
        self.0 = rest;
        Ok(taken)
    }

    fn short(&mut self) -> Result<u16, Cause> {
        self.take(2)?.try_into().map(u16::from_be_bytes).map_err(|_| broken("a short message"))
    }

    fn long(&mut self) -> Result<u32, Cause> {
        self.take(4)?.try_into().map(u32::from_be_bytes).map_err(|_| broken("a short message"))
    }

    fn text(&mut self) -> Result<std::borrow::Cow<'a, str>, Cause> {
        let end = self.0.iter().position(|byte| *byte == 0);
        let text = self.take(end.ok_or_else(|| broken("a text without an end"))?)?;
        self.take(1)?;
        Ok(String::from_utf8_lossy(text))
    }
}

/// A cell of a row as the value of its type.
pub(super) fn value(ty: u32, cell: Option<String>) -> Result<Value, Cause> {
    let Some(text) = cell else { return Ok(Value::Null) };
    Ok(match ty {
        BOOL => Value::Bool(text == "t"),
        ty if WHOLE.contains(&ty) => {
            Value::Int(text.parse().map_err(|_| broken("a whole number without digits"))?)
        }
        _ => Value::Text(text),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_their_length() {
        assert_eq!(Messages::goodbye().0, [b'X', 0, 0, 0, 4]);
        assert_eq!(Messages::tls_request().0, [0, 0, 0, 8, 4, 210, 22, 47]);
        assert_eq!(Messages::batch("A\0B").0, [b'Q', 0, 0, 0, 6, b'A', 0]);
        let mut out = Messages::default();
        out.run("s", &[Value::Null, Value::Int(-7)], false);
        let bind =
            [&b"B\0\0\0\x17\0s\0\0\0\0\x02\xff\xff\xff\xff\0\0\0\x02-7\0\0"[..], b"E\0\0\0\x09\0\0\0\0\0"]
                .concat();
        assert_eq!(out.0, bind);
    }

    #[test]
    fn answers_are_read_and_what_is_none_is_refused() {
        let row = parse(b'D', b"\0\x02\0\0\0\x01t\xff\xff\xff\xff").ok().unwrap();
        assert_eq!(row, Said::Row(vec![Some("t".to_owned()), None]));
        assert_eq!(parse(b'C', b"INSERT 0 3\0").ok().unwrap(), Said::Done(3));
        assert_eq!(parse(b'C', b"BEGIN\0").ok().unwrap(), Said::Done(0));
        let refused = parse(b'E', b"VERROR\0C42P01\0Mno table\0\0").ok().unwrap();
        let expected = Refusal {
            severity: "ERROR".to_owned(),
            code: "42P01".to_owned(),
            message: "no table".to_owned(),
            detail: None,
        };
        assert_eq!(refused, Said::Refused(expected));
        for (tag, body) in [
            (b'D', &b"\0\x01\0\0\0\x09abc"[..]),
            (b'D', b"\0\x01\0\0\0\x01\xff"),
            (b'D', b"\0"),
            (b'E', b"Mno end"),
            (b'T', b"\0\x01name\0\0"),
            (b'R', b"\0"),
        ] {
            assert!(matches!(parse(tag, body), Err(Cause::Protocol(_))), "{body:?}");
        }
    }
}
