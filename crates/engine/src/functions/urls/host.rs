//! Taking URLs apart as far as the host, leniently: logs hold URLs in all states.

use std::net::Ipv4Addr;

/// The host in lower case.
pub(super) fn host_of(url: &str) -> Option<String> {
    let url = url.trim();
    let rest = without_scheme(url);
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or("");
    let host_port = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = if host_port.starts_with('[') {
        &host_port[..=host_port.find(']')?]
    } else {
        host_port.split(':').next().unwrap_or("")
    };
    let valid = !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || c.is_control());
    valid.then(|| host.to_lowercase())
}

fn without_scheme(url: &str) -> &str {
    if let Some(rest) = url.strip_prefix("//") {
        return rest;
    }
    match url.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) => rest,
        _ => url,
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

/// The host, unless it is an address; a final dot is dropped.
fn name_of(url: &str) -> Option<String> {
    let mut host = host_of(url)?;
    if host.ends_with('.') {
        host.pop();
    }
    let address = host.starts_with('[') || host.parse::<Ipv4Addr>().is_ok();
    (!address).then_some(host)
}

/// The public suffix, if the list has a rule for it.
pub(super) fn suffix_of(url: &str) -> Option<String> {
    let host = name_of(url)?;
    let suffix = psl::suffix(host.as_bytes()).filter(psl::Suffix::is_known)?;
    str::from_utf8(suffix.as_bytes()).ok().map(str::to_owned)
}

/// The public suffix and one label more.
pub(super) fn domain_of(url: &str) -> Option<String> {
    let host = name_of(url)?;
    let domain = psl::domain(host.as_bytes()).filter(|domain| domain.suffix().is_known())?;
    str::from_utf8(domain.as_bytes()).ok().map(str::to_owned)
}
