//! The password: from `PGPASSWORD`, or from the file that `PGPASSFILE` names, `~/.pgpass` without it, in the form that
//! Postgres's own programs read: lines `host:port:database:user:password`, `*` for any, `\` before `:` and `\`.
//!
//! It is looked up for every connection, so that it can be changed while a server runs.

use std::path::{Path, PathBuf};

use super::address::{Address, Host};
use crate::error::StoreError;

/// The password for an address; none if nothing names one.
pub(super) fn find(address: &Address) -> Result<Option<String>, StoreError> {
    if let Ok(password) = std::env::var("PGPASSWORD")
        && !password.is_empty()
    {
        return Ok(Some(password));
    }
    let named = std::env::var_os("PGPASSFILE").filter(|path| !path.is_empty()).map(PathBuf::from);
    let path = match (&named, std::env::home_dir()) {
        (Some(path), _) => path.clone(),
        (None, Some(home)) => home.join(".pgpass"),
        (None, None) => return Ok(None),
    };
    if named.is_none() && !path.is_file() {
        return Ok(None);
    }
    check(&path)?;
    let text = std::fs::read_to_string(&path)
        .map_err(|error| StoreError::io(&path, "read the file of passwords", error))?;
    Ok(text.lines().find_map(|line| of_line(line, address)))
}

/// A file that others can read is no place for passwords.
#[cfg(unix)]
fn check(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::PermissionsExt;
    let about =
        std::fs::metadata(path).map_err(|error| StoreError::io(path, "read the file of passwords", error))?;
    if about.is_file() && about.permissions().mode() & 0o077 != 0 {
        return Err(StoreError::Environment(format!(
            "{}: the file of passwords can be read by others, expected `chmod 600`",
            path.display()
        )));
    }
    Ok(())
}

#[cfg(not(unix))]
fn check(_: &Path) -> Result<(), StoreError> {
    Ok(())
}

/// The password of a line, if it is for the address.
fn of_line(line: &str, address: &Address) -> Option<String> {
    if line.starts_with('#') {
        return None;
    }
    let (mut fields, mut field) = (Vec::new(), String::new());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => field.extend(characters.next()),
            ':' if fields.len() < 4 => fields.push(std::mem::take(&mut field)),
            other => field.push(other),
        }
    }
    fields.push(field);
    let [host, port, database, user, password] = fields.try_into().ok()?;
    let fits = |field: &str, value: &str| field == "*" || field == value;
    let here = match &address.host {
        Host::Tcp(name) => fits(&host, name),
        Host::Socket(folder) => fits(&host, "localhost") || fits(&host, &folder.to_string_lossy()),
    };
    let all = here
        && fits(&port, &address.port.to_string())
        && fits(&database, &address.database)
        && fits(&user, &address.user);
    all.then_some(password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_for_the_address_that_they_name() {
        let address = Address::parse("postgres://ann@db/lake?sslmode=disable").unwrap();
        for (line, expected) in [
            ("db:5432:lake:ann:pa:ss", Some("pa:ss")),
            (r"*:*:*:*:a\:b\\c", Some(r"a:b\c")),
            ("db:5433:lake:ann:x", None),
            ("db:*:other:ann:x", None),
            ("*:*:*:bob:x", None),
            ("# db:5432:lake:ann:x", None),
            ("db:5432:lake", None),
            ("", None),
        ] {
            assert_eq!(of_line(line, &address).as_deref(), expected, "{line}");
        }
        let socket = Address::parse("postgres://ann@/lake?host=/run/pg").unwrap();
        assert_eq!(of_line("localhost:5432:lake:ann:x", &socket).as_deref(), Some("x"));
        assert_eq!(of_line("/run/pg:5432:lake:ann:x", &socket).as_deref(), Some("x"));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(check(file.path()).is_ok());
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(check(file.path()).unwrap_err().to_string().contains("chmod 600"));
    }
}
