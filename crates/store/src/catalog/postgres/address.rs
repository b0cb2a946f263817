//! Where a catalog in Postgres is: `postgres://user@host:port/database?schema=lake`.
//!
//! An address has no secret: it is kept in the data folder and shown in messages. The password comes from the
//! environment, see [`super::password`].

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use crate::error::StoreError;

/// How long connecting, or one statement, may take unless the address says otherwise.
const PATIENCE: Duration = Duration::from_secs(30);

/// Longest time that an address may ask for.
const MOST_SECONDS: u64 = 3600;

const EXAMPLE: &str = "`postgres://user@host/database`";

/// Where the server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// A name or a number.
    Tcp(String),
    /// The folder of its socket.
    Socket(PathBuf),
}

/// The parts of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::catalog) struct Address {
    pub(super) host: Host,
    pub(super) port: u16,
    pub(super) user: String,
    pub(super) database: String,
    /// The schema of the tables.
    pub(super) schema: String,
    /// Whether TLS is spoken.
    pub(super) tls: bool,
    /// How long connecting, or one statement, may take.
    pub(super) patience: Duration,
}

/// The settings behind `?`.
#[derive(Default)]
struct Settings {
    host: Option<String>,
    schema: Option<String>,
    tls: Option<bool>,
    patience: Option<Duration>,
}

impl Address {
    /// Reads an address. One that holds a password is refused, and not repeated in the message.
    pub fn parse(url: &str) -> Result<Self, StoreError> {
        let rest = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://")).ok_or_else(
            || wrong(&format!("does not begin with `postgres://`, expected one as in {EXAMPLE}")),
        )?;
        let (rest, settings) = rest.split_once('?').unwrap_or((rest, ""));
        let (place, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, place) = place.rsplit_once('@').unwrap_or(("", place));
        if user.contains(':') {
            return Err(wrong(
                "holds a password, which belongs into PGPASSWORD or a file named by PGPASSFILE (~/.pgpass)",
            ));
        }
        if user.is_empty() {
            return Err(wrong(&format!("names no user, expected one as in {EXAMPLE}")));
        }
        if database.is_empty() {
            return Err(wrong(&format!("names no database, expected one as in {EXAMPLE}")));
        }
        let settings = Settings::parse(settings)?;
        let (host, port) = host_and_port(place)?;
        let host = match (settings.host, host.as_str()) {
            (None, "") => "localhost".to_owned(),
            (None, _) => host,
            (Some(given), "") => given,
            (Some(_), _) => return Err(wrong("names a host twice, before the database and as `host=`")),
        };
        let host = if host.starts_with('/') { Host::Socket(host.into()) } else { Host::Tcp(host) };
        Ok(Self {
            tls: settings.tls.unwrap_or(!host.is_here()),
            host,
            port,
            user: decoded(user)?,
            database: decoded(database)?,
            schema: settings.schema.unwrap_or_else(|| "public".to_owned()),
            patience: settings.patience.unwrap_or(PATIENCE),
        })
    }
}

impl Settings {
    fn parse(text: &str) -> Result<Self, StoreError> {
        let mut settings = Self::default();
        for setting in text.split('&').filter(|setting| !setting.is_empty()) {
            let (key, value) = setting.split_once('=').unwrap_or((setting, ""));
            let value = decoded(value)?;
            match key {
                "host" => settings.host = Some(value),
                "schema" if is_name(&value) => settings.schema = Some(value),
                "schema" => {
                    return Err(wrong(
                        "has a setting `schema` that is no name, expected lower-case letters, digits and `_`",
                    ));
                }
                "sslmode" => settings.tls = Some(tls(&value)?),
                "timeout" => settings.patience = Some(patience(&value)?),
                "password" | "sslpassword" | "passfile" => {
                    return Err(wrong(
                        "holds a password or its file, which belong into PGPASSWORD or PGPASSFILE (~/.pgpass)",
                    ));
                }
                _ => {
                    let key = key.escape_debug();
                    return Err(wrong(&format!(
                        "has a setting `{key}`, expected host, schema, sslmode or timeout"
                    )));
                }
            }
        }
        Ok(settings)
    }
}

/// The same address in one spelling.
impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (user, database) = (encoded(&self.user), encoded(&self.database));
        match &self.host {
            Host::Tcp(host) if host.contains(':') => {
                write!(f, "postgres://{user}@[{host}]:{}/{database}", self.port)?;
            }
            Host::Tcp(host) => write!(f, "postgres://{user}@{}:{}/{database}", encoded(host), self.port)?,
            Host::Socket(_) => write!(f, "postgres://{user}@:{}/{database}", self.port)?,
        }
        let mut settings = Vec::new();
        if let Host::Socket(folder) = &self.host {
            settings.push(format!("host={}", encoded(&folder.to_string_lossy())));
        }
        if self.schema != "public" {
            settings.push(format!("schema={}", self.schema));
        }
        if self.tls == self.host.is_here() {
            settings.push(format!("sslmode={}", if self.tls { "require" } else { "disable" }));
        }
        if self.patience != PATIENCE {
            settings.push(format!("timeout={}", self.patience.as_secs()));
        }
        if settings.is_empty() { Ok(()) } else { write!(f, "?{}", settings.join("&")) }
    }
}

impl Host {
    /// Whether what is sent does not leave the machine.
    pub fn is_here(&self) -> bool {
        match self {
            Self::Socket(_) => true,
            Self::Tcp(host) => {
                host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
            }
        }
    }
}

fn wrong(why: &str) -> StoreError {
    StoreError::Environment(format!("the address of a catalog in Postgres {why}"))
}

fn host_and_port(place: &str) -> Result<(String, u16), StoreError> {
    let number = |text: &str| match text {
        "" => Ok(5432),
        text => {
            text.parse().map_err(|_| wrong("has a port that is no number, expected one as in `host:5432`"))
        }
    };
    if let Some(rest) = place.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or_else(|| wrong("has a `[` without `]`"))?;
        return Ok((host.to_owned(), number(rest.trim_start_matches(':'))?));
    }
    let (host, port) = place.split_once(':').unwrap_or((place, ""));
    Ok((decoded(host)?, number(port)?))
}

/// Certificates are always checked, so the modes that leave that out are not there.
fn tls(mode: &str) -> Result<bool, StoreError> {
    match mode {
        "disable" => Ok(false),
        "require" | "verify-full" => Ok(true),
        _ => Err(wrong(&format!(
            "has sslmode `{}`, expected disable, or require (the certificate is always checked)",
            mode.escape_debug()
        ))),
    }
}

fn patience(seconds: &str) -> Result<Duration, StoreError> {
    match seconds.parse() {
        Ok(seconds @ 1..=MOST_SECONDS) => Ok(Duration::from_secs(seconds)),
        _ => Err(wrong(&format!("has a timeout that is no number of seconds from 1 to {MOST_SECONDS}"))),
    }
}

/// A name that needs no quotes in SQL.
fn is_name(text: &str) -> bool {
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    text.len() <= 63 && text.chars().all(word) && text.starts_with(|c: char| !c.is_ascii_digit())
}

fn decoded(text: &str) -> Result<String, StoreError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.ok_or_else(|| wrong("has a `%` without two hexadecimal digits"))?);
        rest = &after[2..];
    }
    match String::from_utf8(bytes) {
        Ok(text) if !text.contains(char::is_control) => Ok(text),
        _ => Err(wrong("has bytes that are no text")),
    }
}

fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' => out.push(char::from(byte)),
            byte => {
                // Writing to a text cannot fail.
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_in_one_spelling() {
        for (text, url) in [
            ("postgres://ann@localhost/lake", "postgres://ann@localhost:5432/lake"),
            ("postgresql://ann@/lake", "postgres://ann@localhost:5432/lake"),
            (
                "postgres://ann@db.example:6432/lake?sslmode=verify-full",
                "postgres://ann@db.example:6432/lake",
            ),
            (
                "postgres://ann@db.example/lake?sslmode=disable&timeout=5&schema=one",
                "postgres://ann@db.example:5432/lake?schema=one&sslmode=disable&timeout=5",
            ),
            (
                "postgres://ann%40corp@%2Frun%2Fpg/lake?schema=public",
                "postgres://ann%40corp@:5432/lake?host=/run/pg",
            ),
            ("postgres://ann@[::1]:5/lake", "postgres://ann@[::1]:5/lake"),
        ] {
            let address = Address::parse(text).unwrap();
            assert_eq!(address.to_string(), url);
            assert_eq!(Address::parse(url).unwrap(), address);
        }
    }

    #[test]
    fn passwords_leave_the_machine_only_inside_tls() {
        let tls = |text: &str| Address::parse(text).unwrap().tls;
        assert!(tls("postgres://a@db.example/x") && tls("postgres://a@10.0.0.1/x"));
        assert!(!tls("postgres://a@127.0.0.1/x") && !tls("postgres://a@/x?host=/run/pg"));
        assert!(tls("postgres://a@localhost/x?sslmode=require"));
        assert!(!tls("postgres://a@db.example/x?sslmode=disable"));
    }

    #[test]
    fn what_is_no_address_is_said_without_its_secrets() {
        for (text, said) in [
            ("/srv/catalog.sqlite", "does not begin with `postgres://`"),
            ("mysql://a:SECRET@b/c", "does not begin with `postgres://`"),
            ("postgres://ann:SECRET@host/x", "PGPASSWORD"),
            ("postgres://ann:SE/CRET@host/x", "names no user"),
            ("postgres://ann:no?SECRET@host/x", "names no user"),
            ("postgres://ann@host/x?password=SECRET", "PGPASSWORD"),
            ("postgres://host/x", "names no user"),
            ("postgres://ann@host", "names no database"),
            ("postgres://ann@host:port/x", "no number"),
            ("postgres://ann@host/x?sslmode=prefer", "expected disable, or require"),
            ("postgres://ann@host/x?timeout=0", "no number of seconds"),
            ("postgres://ann@host/x?schema=a\"b", "is no name"),
            ("postgres://ann@host/x?options=-csearch_path", "a setting `options`"),
            ("postgres://ann@host/x?host=/run", "names a host twice"),
            ("postgres://ann%4@host/x", "two hexadecimal digits"),
        ] {
            let error = Address::parse(text).unwrap_err().to_string();
            assert!(error.contains(said) && !error.contains("SECRET"), "{error}");
        }
    }
}
