//! What went wrong between us and the server, and what helps.

use std::time::Duration;

use super::address::Address;
use super::wire::Refusal;
use crate::error::StoreError;

/// What a request ended with.
#[derive(Debug)]
pub(super) enum Cause {
    /// There is no connection.
    Io(std::io::Error),
    /// There is none that could be trusted.
    Tls(String),
    /// The other side is no Postgres, or one that asks for more than we can.
    Protocol(String),
    /// The server says no.
    Refused(Refusal),
    /// It needs a password, and there is none.
    NoPassword,
    /// The time was up.
    Silent,
    /// Nobody waits any more.
    Stopped,
}

impl From<std::io::Error> for Cause {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

/// A request that failed.
#[derive(Debug)]
pub(super) struct Failure {
    pub error: StoreError,
    /// The server has answered, and goes on answering: the request was not done.
    pub answered: bool,
    /// Another try would take as long.
    pub late: bool,
}

const PASSWORD: &str =
    "; the password comes from PGPASSWORD, or from the file that PGPASSFILE names (~/.pgpass)";
const TLS: &str =
    "; the address may say `sslmode=disable`, PGSSLROOTCERT names a file with the server's root certificate";

impl Failure {
    /// A request to an address that ended with a cause.
    pub fn new(address: &Address, patience: Duration, cause: Cause) -> Self {
        let lasting = |text: String| StoreError::Environment(format!("catalog {address}: {text}"));
        let passing = |text: String| StoreError::Unreachable(format!("catalog {address}: {text}"));
        let (mut answered, mut late) = (false, false);
        let error = match cause {
            Cause::Io(error) => passing(error.to_string()),
            Cause::Silent => {
                late = true;
                passing(format!("no answer within {} s", patience.as_secs()))
            }
            Cause::Stopped => {
                late = true;
                StoreError::Closed
            }
            Cause::Tls(why) => lasting(format!("tls: {why}{TLS}")),
            Cause::Protocol(why) => lasting(why),
            Cause::NoPassword => lasting(format!("the server asks for a password{PASSWORD}")),
            Cause::Refused(refusal) => {
                // Whatever is worse than an error ends the connection, also in the middle of a commit.
                answered = refusal.severity == "ERROR";
                let text = explain(address, &refusal);
                if may_pass(&refusal.code) { passing(text) } else { lasting(text) }
            }
        };
        Self { error, answered, late }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self { error, answered: true, late: false }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

/// Whether a server that says so may take connections later: it ends, starts, or has too many of them.
fn may_pass(code: &str) -> bool {
    ["57P01", "57P02", "57P03", "53300"].contains(&code)
}

/// The server's words with its code, and what to do where that is known.
fn explain(address: &Address, refusal: &Refusal) -> String {
    let Address { user, database, schema, .. } = address;
    let mut text = format!("{} ({})", refusal.message, refusal.code);
    if let Some(detail) = &refusal.detail {
        text = format!("{text}: {detail}");
    }
    let help = match refusal.code.as_str() {
        "28P01" => PASSWORD.to_owned(),
        "3D000" => format!("; create it: createdb --owner {user} {database}"),
        "42501" => format!("; user {user} needs the right to create and change tables in schema {schema}"),
        "55P03" => "; another connection holds the catalog's tables for long".to_owned(),
        _ => String::new(),
    };
    text + &help
}
