//! Places of addresses, from MaxMind databases that the user supplies.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use atalanta_xql::ir::Location;
use maxminddb::{Reader, geoip2};

use crate::error::EngineError;

/// Databases in the order in which they are asked; the first that knows an answer gives it.
#[derive(Debug, Default)]
pub struct Geo {
    readers: Vec<Reader<Vec<u8>>>,
}

/// What is known of an address; text, or a number for `loc_asn`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A name, a code or a pair of degrees.
    Text(String),
    /// An AS number.
    Number(i64),
}

impl Geo {
    /// Opens databases: a city or country database, an ASN database, or both.
    pub fn open(paths: &[PathBuf]) -> Result<Self, EngineError> {
        let mut readers = Vec::with_capacity(paths.len());
        for path in paths {
            readers.push(open(path)?);
        }
        Ok(Self { readers })
    }

    /// Databases held in memory.
    pub fn from_bytes(databases: Vec<Vec<u8>>) -> Result<Self, EngineError> {
        let mut readers = Vec::with_capacity(databases.len());
        for bytes in databases {
            let reader = Reader::from_source(bytes);
            readers.push(reader.map_err(|error| {
                EngineError::Environment(format!("the MaxMind database cannot be read: {error}"))
            })?);
        }
        Ok(Self { readers })
    }

    /// Whether there is no database.
    pub fn is_empty(&self) -> bool {
        self.readers.is_empty()
    }

    /// What is known of an address; nothing for an address that no database has.
    pub fn find(&self, address: IpAddr, what: Location) -> Option<Place> {
        self.readers.iter().find_map(|reader| find(reader, address, what))
    }
}

fn open(path: &Path) -> Result<Reader<Vec<u8>>, EngineError> {
    Reader::open_readfile(path).map_err(|error| {
        EngineError::Environment(format!("{}: no MaxMind database: {error}", path.display()))
    })
}

fn find(reader: &Reader<Vec<u8>>, address: IpAddr, what: Location) -> Option<Place> {
    let found = reader.lookup(address).ok()?;
    let text = |text: Option<&str>| text.map(|text| Place::Text(text.to_owned()));
    if matches!(what, Location::Asn | Location::AsnOrg) {
        let asn: geoip2::Asn<'_> = found.decode().ok()??;
        return match what {
            Location::Asn => asn.autonomous_system_number.map(|number| Place::Number(number.into())),
            _ => text(asn.autonomous_system_organization),
        };
    }
    let city: geoip2::City<'_> = found.decode().ok()??;
    match what {
        Location::City => text(city.city.names.english),
        Location::Continent => text(city.continent.names.english),
        Location::Country => text(city.country.names.english),
        Location::Region => text(city.subdivisions.first()?.names.english),
        Location::TimeZone => text(city.location.time_zone),
        _ => {
            let (latitude, longitude) = (city.location.latitude?, city.location.longitude?);
            Some(Place::Text(format!("{latitude},{longitude}")))
        }
    }
}
