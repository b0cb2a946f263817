//! `[[tokens]]`, `[[webhooks]]`, `[[collectors]]`: who may send, and with which secret.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use atalanta_intake::Target;
use atalanta_intake::auth::{Token, Tokens};
use atalanta_intake::http::{Access, Collector, Secret, Secrets, services};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenEntry {
    name: String,
    secret: Option<String>,
    secret_file: Option<PathBuf>,
    secret_env: Option<String>,
    #[serde(default)]
    sources: Vec<String>,
    #[serde(default)]
    rights: Vec<Right>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Right {
    Ingest,
    Query,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WebhookEntry {
    service: String,
    secret: Option<String>,
    secret_file: Option<PathBuf>,
    secret_env: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CollectorEntry {
    vendor: String,
    product: String,
    secret: Option<String>,
    secret_file: Option<PathBuf>,
    secret_env: Option<String>,
}

/// Shortest secret.
const SHORTEST: usize = 16;

pub(super) fn access(
    tokens: Vec<TokenEntry>,
    webhooks: Vec<WebhookEntry>,
    collectors: Vec<CollectorEntry>,
) -> Result<Access, String> {
    let mut secrets = Secrets::new();
    for entry in webhooks {
        let what = format!("webhooks `{}`", entry.service.escape_debug());
        if !services().any(|name| name == entry.service) {
            let names: Vec<&str> = services().collect();
            return Err(format!("{what}: no such service, expected one of {}", names.join(", ")));
        }
        let secret = secret(&what, entry.secret, entry.secret_file.as_deref(), entry.secret_env)?;
        secrets.entry(entry.service).or_default().push(Secret::new(secret));
    }
    let collector = |entry: CollectorEntry| {
        let what = format!("collectors `{} {}`", entry.vendor.escape_debug(), entry.product.escape_debug());
        let key = secret(&what, entry.secret, entry.secret_file.as_deref(), entry.secret_env)?;
        Ok(Collector::new(&key, &entry.vendor, &entry.product))
    };
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    let tokens = tokens.into_iter().map(|entry| token(entry, &mut known)).collect::<Result<_, _>>()?;
    Ok(Access {
        tokens: Tokens(tokens),
        webhooks: secrets,
        collectors: collectors.into_iter().map(collector).collect::<Result<_, String>>()?,
    })
}

/// A token; `known` has the secrets so far and whose they are.
fn token(entry: TokenEntry, known: &mut BTreeMap<String, String>) -> Result<Token, String> {
    let what = format!("tokens `{}`", entry.name.escape_debug());
    let secret = secret(&what, entry.secret, entry.secret_file.as_deref(), entry.secret_env)?;
    if let Some(other) = known.insert(secret.clone(), what.clone()) {
        return Err(format!("{what}: has the secret of {other}, whose rights would count"));
    }
    for source in &entry.sources {
        Target::parse(source).map_err(|error| format!("{what}: sources: {error}"))?;
    }
    let has = |right| entry.rights.is_empty() && right == Right::Ingest || entry.rights.contains(&right);
    Ok(Token::new(entry.name, &secret, entry.sources, has(Right::Ingest), has(Right::Query)))
}

/// The secret of an entry, which is given in one of three ways.
fn secret(
    what: &str,
    text: Option<String>,
    file: Option<&Path>,
    variable: Option<String>,
) -> Result<String, String> {
    let secret = match (text, file, variable) {
        (Some(secret), None, None) => secret,
        (None, Some(path), None) => std::fs::read_to_string(path)
            .map_err(|error| format!("{what}: {}: cannot be read: {error}", path.display()))?
            .trim()
            .to_owned(),
        (None, None, Some(variable)) => {
            std::env::var(&variable).map_err(|_| format!("{what}: the variable {variable} is not set"))?
        }
        _ => return Err(format!("{what}: expected one of secret, secret_file, secret_env")),
    };
    if secret.len() < SHORTEST {
        return Err(format!("{what}: the secret has fewer than {SHORTEST} characters"));
    }
    Ok(secret)
}
