//! One connection. Whoever asks waits, not longer than the address says, and not on when the store is being closed. An
//! answer that did not come leaves the connection unusable.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::crypto::SecureRandom;

use super::address::{Address, Host};
use super::failure::{Cause, Failure};
use super::password;
use super::scram::{self, Scram};
use super::stream::{Stream, Tls, Wait};
use super::wire::{self, Messages, Said};
use crate::catalog::sql::{Row, Sql, Value};
use crate::error::StoreError;

/// Statements that are sent before the first answer is waited for.
const AT_ONCE: usize = 500;

/// What a link needs to be made, and to wait.
#[derive(Clone, Debug)]
pub(super) struct Dial {
    pub address: Arc<Address>,
    /// Nothing is waited for any more.
    pub stop: Arc<AtomicBool>,
}

/// An open connection.
pub(super) struct Link {
    dial: Dial,
    stream: Stream,
    /// Names of prepared statements.
    prepared: HashMap<String, String>,
    /// An answer did not come.
    pub broken: bool,
}

/// What came back for a request.
#[derive(Default)]
struct Answer {
    rows: Vec<Row>,
    changed: u64,
    prepared: bool,
}

impl std::fmt::Debug for Link {
    /// The address alone.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Link({})", self.dial.address)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if !self.broken {
            // The server would find out by itself, and complain in its log.
            let stop = AtomicBool::new(false);
            let wait = Wait { until: Instant::now(), stop: &stop };
            let _ = self.stream.send(&Messages::goodbye().0, wait);
        }
    }
}

impl Dial {
    fn wait(&self) -> Wait<'_> {
        Wait { until: Instant::now() + self.address.patience, stop: &self.stop }
    }

    fn failure(&self, cause: Cause) -> Failure {
        Failure::new(&self.address, self.address.patience, cause)
    }

    /// Connects.
    pub fn link(&self) -> Result<Link, Failure> {
        let password = password::find(&self.address)?;
        let tls = match &self.address.host {
            Host::Tcp(host) if self.address.tls => Some(Tls::to(host)?),
            _ => None,
        };
        let stream = self.open(tls, password.as_deref()).map_err(|cause| self.failure(cause));
        // Until then no request has been made that could have been done.
        let stream = stream.map_err(|failure| Failure { answered: false, ..failure })?;
        let mut link = Link { dial: self.clone(), stream, prepared: HashMap::new(), broken: false };
        link.batch(&self.settings())?;
        Ok(link)
    }

    fn open(&self, tls: Option<Tls>, password: Option<&str>) -> Result<Stream, Cause> {
        let (address, wait) = (&*self.address, self.wait());
        let mut stream = Stream::open(address, wait)?;
        if let Some(tls) = tls {
            stream.send(&Messages::tls_request().0, wait)?;
            let mut agreed = [0];
            stream.receive(&mut agreed, wait)?;
            if agreed != *b"S" {
                return Err(Cause::Tls("the server does not speak it".to_owned()));
            }
            stream = stream.encrypted(tls)?;
        }
        stream.send(&Messages::startup(&address.user, &address.database).0, wait)?;
        let mut proof = None;
        loop {
            match wire::receive(&mut stream, wait)? {
                Said::Ready => return Ok(stream),
                Said::Refused(refusal) => return Err(Cause::Refused(refusal)),
                Said::Authentication(kind, body) => {
                    if let Some(answer) = self.authenticate(kind, &body, password, &mut proof)? {
                        stream.send(&answer.0, wait)?;
                    }
                }
                _ => {}
            }
        }
    }

    /// The answer to a question who we are.
    fn authenticate(
        &self,
        kind: u32,
        body: &[u8],
        password: Option<&str>,
        proof: &mut Option<Scram>,
    ) -> Result<Option<Messages>, Cause> {
        let unknown = |what: &str| {
            Cause::Protocol(format!("the server asks for {what}, expected a proof by scram-sha-256"))
        };
        let text = &*String::from_utf8_lossy(body);
        match (kind, proof) {
            (0, None) => Ok(None),
            (0, Some(scram)) if scram.has_proved() => Ok(None),
            (3, _) if self.address.tls || self.address.host.is_here() => {
                Ok(Some(Messages::password(password.ok_or(Cause::NoPassword)?)))
            }
            (3, _) => Err(unknown("the password without TLS")),
            (10, proof) if text.split('\0').any(|name| name == scram::NAME) => {
                let scram = Scram::new(password.ok_or(Cause::NoPassword)?, nonce()?);
                let first = Messages::proof_begins(scram::NAME, &scram.first());
                *proof = Some(scram);
                Ok(Some(first))
            }
            (11, Some(scram)) => Ok(Some(Messages::proof(&scram.last(text).map_err(Cause::Protocol)?))),
            (12, Some(scram)) => {
                let known = scram.is_proved(text);
                let stranger = || Cause::Protocol("the server does not know the password".to_owned());
                if known { Ok(None) } else { Err(stranger()) }
            }
            (kind, _) => Err(unknown(&format!("authentication of kind {kind}"))),
        }
    }

    /// What holds for every statement. The server ends what nobody waits for any more, also when our machine is gone,
    /// and what it has confirmed is on its disk.
    fn settings(&self) -> String {
        let millis = self.address.patience.as_millis();
        format!(
            "SET search_path TO \"{}\"; SET client_min_messages TO warning; SET statement_timeout TO {millis}; \
             SET lock_timeout TO {}; SET idle_in_transaction_session_timeout TO {}; \
             SET tcp_keepalives_idle TO 30; SET tcp_keepalives_interval TO 10; SET tcp_keepalives_count TO 3; \
             SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
            self.address.schema,
            millis * 9 / 10,
            millis * 2
        )
    }
}

/// Something that was never used before and cannot be guessed.
fn nonce() -> Result<String, Cause> {
    let mut bytes = [0; 18];
    let random: &dyn SecureRandom = rustls::crypto::ring::default_provider().secure_random;
    random.fill(&mut bytes).map_err(|_| Cause::Protocol("the system has no random numbers".to_owned()))?;
    Ok(STANDARD.encode(bytes))
}

impl Link {
    /// Runs statements without values.
    pub fn batch(&mut self, statements: &str) -> Result<(), Failure> {
        self.ask(&Messages::batch(statements)).0.map(|_| ())
    }

    /// Sends requests and waits for what comes back; also whether a statement was prepared.
    fn ask(&mut self, requests: &Messages) -> (Result<Answer, Failure>, bool) {
        let mut answer = Answer::default();
        let dial = self.dial.clone();
        let answered = exchange(&mut self.stream, requests, dial.wait(), &mut answer);
        let prepared = answer.prepared;
        let answered = answered.map(|()| answer).map_err(|cause| dial.failure(cause));
        self.broken |= answered.as_ref().is_err_and(|failure| !failure.answered);
        (answered, prepared)
    }

    /// Runs a statement once for each list of values.
    fn run(&mut self, statement: &str, values: &[Vec<Value>], described: bool) -> Result<Answer, Failure> {
        let mut requests = Messages::default();
        let known = self.prepared.get(statement).cloned();
        let name = known.clone().unwrap_or_else(|| format!("s{}", self.prepared.len()));
        if known.is_none() {
            requests.prepare(&name, &statement.replace('?', "$"));
        }
        for values in values {
            requests.run(&name, values, described);
        }
        requests.sync();
        let (answer, prepared) = self.ask(&requests);
        if prepared {
            self.prepared.insert(statement.to_owned(), name);
        }
        answer
    }
}

/// Sends requests and takes what comes back until the server waits for more.
fn exchange(
    stream: &mut Stream,
    requests: &Messages,
    wait: Wait<'_>,
    answer: &mut Answer,
) -> Result<(), Cause> {
    stream.send(&requests.0, wait)?;
    let (mut types, mut refused) = (Vec::new(), None);
    loop {
        let said = match wire::receive(stream, wait) {
            Ok(said) => said,
            // Its last words say more than that it has gone.
            Err(cause) => return Err(refused.map_or(cause, Cause::Refused)),
        };
        match said {
            Said::Ready => return refused.map_or(Ok(()), |refusal| Err(Cause::Refused(refusal))),
            Said::Prepared => answer.prepared = true,
            Said::Columns(columns) => types = columns,
            Said::Row(cells) => {
                let cells = types.iter().zip(cells).map(|(ty, cell)| wire::value(*ty, cell));
                answer.rows.push(Row(cells.collect::<Result<_, _>>()?));
            }
            Said::Done(changed) => answer.changed += changed,
            Said::Refused(refusal) => refused = Some(refusal),
            Said::Authentication(..) | Said::Other => {}
        }
    }
}

impl Sql for Link {
    fn has_table(&mut self, name: &str) -> Result<bool, StoreError> {
        let query = "SELECT count(*) FROM information_schema.tables
                     WHERE table_schema = current_schema() AND table_name = ?1";
        Ok(self.query_one(query, &[name.into()])?.int(0)? > 0)
    }

    fn create(&mut self, statements: &str) -> Result<(), StoreError> {
        Ok(self.batch(statements)?)
    }

    fn execute_each(&mut self, statement: &str, values: Vec<Vec<Value>>) -> Result<u64, StoreError> {
        let mut changed = 0;
        for some in values.chunks(AT_ONCE) {
            changed += self.run(statement, some, false)?.changed;
        }
        Ok(changed)
    }

    fn query(&mut self, statement: &str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        Ok(self.run(statement, &[values.to_vec()], true)?.rows)
    }
}
