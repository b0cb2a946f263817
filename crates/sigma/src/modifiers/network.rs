//! `cidr`: the field is an address in the network.

use ipnet::IpNet;

use super::{Applied, Draft, Modifier, Refused, cannot};
use crate::codes;

pub(super) fn apply(draft: Draft) -> Applied {
    let text = match &draft {
        Draft::Text(pattern) => pattern.as_plain(),
        _ => None,
    };
    let Some(text) = text else { return cannot(Modifier::Cidr, &draft) };
    // An address alone is the network of that address.
    let network = text.parse::<IpNet>().or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from));
    let Ok(network) = network else {
        return Err(Refused(codes::PATTERN, format!("`{text}` is no network, expected one like 10.0.0.0/8")));
    };
    Ok(vec![Draft::Cidr(network.trunc().to_string())])
}

#[cfg(test)]
mod tests {
    use super::super::tests::{predicate, refusal};
    use crate::matcher::Predicate;

    #[test]
    fn networks_of_both_versions() {
        assert_eq!(predicate("f|cidr: 10.1.2.3/8"), Predicate::Cidr(vec!["10.0.0.0/8".to_owned()]));
        assert_eq!(predicate("f|cidr: 'fe80::/10'"), Predicate::Cidr(vec!["fe80::/10".to_owned()]));
        assert_eq!(predicate("f|cidr: 1.2.3.4"), Predicate::Cidr(vec!["1.2.3.4/32".to_owned()]));
        assert!(refusal("f|cidr: 10.0.0.0/99").contains("is no network"));
    }
}
