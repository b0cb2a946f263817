//! The estate that the events come from: users, hosts, remote services. Built from the seed alone.

use super::random::{Random, Weighted};

/// Operating system of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Os {
    /// Workstations and batch servers.
    Windows,
    /// Servers, containers, GPU nodes.
    Linux,
}

/// What a user does; decides which programs they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Browser, mail, documents.
    Office,
    /// Builds and tests software.
    Developer,
    /// Trains models.
    Scientist,
    /// Runs clusters and containers.
    Operator,
    /// A service account: pipelines, gateways, inference.
    Service,
}

const ROLES: [(Role, usize); 5] = [
    (Role::Office, 700),
    (Role::Developer, 500),
    (Role::Scientist, 250),
    (Role::Operator, 60),
    (Role::Service, 40),
];

/// A principal and the host it mostly works on.
#[derive(Debug, Clone)]
pub struct User {
    /// Windows SID, or the Linux account name.
    pub sid: String,
    /// Account name.
    pub name: String,
    /// Decides `actor_type`.
    pub role: Role,
    /// Index into [`World::hosts`].
    pub host: usize,
}

/// A machine with a sensor.
#[derive(Debug, Clone)]
pub struct Host {
    /// Host name.
    pub name: String,
    /// Sensor id.
    pub agent_id: String,
    /// Private address.
    pub ip: String,
    /// Operating system.
    pub os: Os,
}

/// A remote web service.
#[derive(Debug, Clone)]
pub struct Site {
    /// Host name.
    pub host: String,
    /// Public addresses.
    pub ips: Vec<String>,
}

/// Users of one role on one operating system, the busiest first.
#[derive(Debug)]
struct Pool {
    members: Vec<usize>,
    busy: Weighted,
}

/// Everything that stays the same over the whole period.
#[derive(Debug)]
pub struct World {
    /// All users.
    pub users: Vec<User>,
    /// All hosts, one for each user.
    pub hosts: Vec<Host>,
    /// Ordinary web sites, the most visited first.
    pub sites: Vec<Site>,
    site_visits: Weighted,
    pools: Vec<Pool>,
}

const FIRST: &[&str] = &[
    "anna", "bjorn", "carla", "dmitri", "elif", "farid", "grace", "hugo", "ines", "jonas", "keiko", "lars",
    "mira", "nadia", "oscar", "priya", "quentin", "rosa", "stefan", "tala", "ugo", "vera", "wen", "xenia",
    "yusuf", "zoe",
];
const LAST: &[&str] = &[
    "abel", "bauer", "costa", "dorn", "eriksen", "fuchs", "garcia", "haas", "ito", "jung", "kovac", "lopez",
    "meyer", "novak", "okafor", "petrov", "quist", "rossi", "sato", "tanaka", "ulrich", "vogel", "wagner",
    "yilmaz", "zeman",
];
const SERVICES: &[&str] = &[
    "llm-gateway",
    "train",
    "inference",
    "etl",
    "ci-runner",
    "feature-store",
    "agent-runtime",
    "registry",
    "eval",
    "labeling",
    "scheduler",
    "backup",
];
const SITE_WORDS: &[&str] = &[
    "atlas",
    "beacon",
    "cloud",
    "delta",
    "ember",
    "forge",
    "grid",
    "harbor",
    "index",
    "jet",
    "kite",
    "lumen",
    "metric",
    "north",
    "orbit",
    "pixel",
    "quartz",
    "relay",
    "signal",
    "track",
    "union",
    "vector",
    "wave",
    "zen",
    "content",
    "telemetry",
    "update",
    "static",
    "edge",
    "sync",
];
const SITE_ENDS: &[&str] = &["com", "net", "io", "org", "dev", "de", "co.uk", "cloud"];

impl World {
    /// Builds the estate.
    pub fn new(seed: u64) -> Self {
        let mut random = Random::keyed(&[seed, 0x0057_4F52_4C44]);
        let mut users = Vec::new();
        let mut hosts = Vec::new();
        for (role, count) in ROLES {
            for number in 0..count {
                let os = system_of(role, number);
                hosts.push(host(&mut random, role, os, hosts.len()));
                users.push(user(&mut random, role, os, number, hosts.len() - 1));
            }
        }
        let pools = pools(&users, &hosts);
        let sites = (0..3_000).map(|rank| site(&mut random, rank)).collect();
        Self { users, hosts, sites, site_visits: Weighted::zipf(3_000, 1.1), pools }
    }

    /// A user of the role on that system; a few of them cause most events.
    pub fn user(&self, random: &mut Random, role: Role, os: Os) -> &User {
        let pool = &self.pools[pool_number(role, os)];
        &self.users[pool.members[pool.busy.pick(random)]]
    }

    /// The host of a user.
    pub fn host_of(&self, user: &User) -> &Host {
        &self.hosts[user.host]
    }

    /// An ordinary web site.
    pub fn site(&self, random: &mut Random) -> &Site {
        &self.sites[self.site_visits.pick(random)]
    }
}

fn pool_number(role: Role, os: Os) -> usize {
    role as usize * 2 + usize::from(os == Os::Linux)
}

/// Service accounts and operators are split evenly, offices run Windows, the rest mostly does.
fn system_of(role: Role, number: usize) -> Os {
    let linux = match role {
        Role::Office => number % 20 == 19,
        Role::Developer | Role::Scientist => number % 3 == 2,
        Role::Operator | Role::Service => number % 2 == 1,
    };
    if linux { Os::Linux } else { Os::Windows }
}

fn pools(users: &[User], hosts: &[Host]) -> Vec<Pool> {
    let mut members = vec![Vec::new(); ROLES.len() * 2];
    for (index, user) in users.iter().enumerate() {
        members[pool_number(user.role, hosts[user.host].os)].push(index);
    }
    members.into_iter().map(|members| Pool { busy: Weighted::zipf(members.len(), 0.9), members }).collect()
}

fn host(random: &mut Random, role: Role, os: Os, number: usize) -> Host {
    let place = random.pick(&["fra", "ams", "sto", "mad"]);
    let name = match (role, os) {
        (Role::Service, Os::Linux) => format!("gpu-node-{number:04}.{place}.corp.example"),
        (Role::Operator, Os::Linux) => format!("ops-{number:04}.{place}.corp.example"),
        (_, Os::Linux) => format!("lx-{number:04}.{place}.corp.example"),
        (_, Os::Windows) => format!("WS-{}-{number:04}", place.to_uppercase()),
    };
    Host {
        name,
        agent_id: format!("{:016x}{:016x}", random.next(), random.next()),
        ip: format!("10.{}.{}.{}", 20 + number / 2_500, number / 250 % 10, 2 + number % 250),
        os,
    }
}

fn user(random: &mut Random, role: Role, os: Os, number: usize, host: usize) -> User {
    let name = if role == Role::Service {
        format!("svc-{}-{}", SERVICES[number % SERVICES.len()], number / SERVICES.len() + 1)
    } else {
        format!("{}.{}{}", random.pick(FIRST), random.pick(LAST), host)
    };
    let sid = match os {
        Os::Windows => format!("S-1-5-21-3842939050-3880317879-2865463114-{}", 1_000 + host),
        Os::Linux => name.clone(),
    };
    User { sid, name, role, host }
}

fn site(random: &mut Random, rank: usize) -> Site {
    let sub = random.pick(&["www", "api", "cdn", "app", "static", "events"]);
    let (a, b) = (random.pick(SITE_WORDS), random.pick(SITE_WORDS));
    let end = random.pick(SITE_ENDS);
    Site {
        host: format!("{sub}.{a}{b}{}.{end}", rank % 97),
        ips: (0..=random.below(6)).map(|_| public_ip(random)).collect(),
    }
}

/// An address outside the private, loopback and reserved ranges.
pub fn public_ip(random: &mut Random) -> String {
    let first = *random.pick(&[13, 18, 20, 23, 34, 35, 40, 52, 54, 104, 142, 151, 172, 185, 192, 199]);
    let second = match first {
        172 => 64 + random.below(64),
        192 => random.below(160),
        _ => random.below(256),
    };
    format!("{first}.{second}.{}.{}", random.below(256), 1 + random.below(254))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_exists_on_both_systems() {
        let world = World::new(1);
        let mut random = Random::keyed(&[3]);
        for (role, _) in ROLES {
            for os in [Os::Windows, Os::Linux] {
                let user = world.user(&mut random, role, os);
                assert_eq!(user.role, role);
                assert_eq!(world.host_of(user).os, os);
            }
        }
    }
}
