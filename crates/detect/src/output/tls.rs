//! Whom outputs trust: the public certificate authorities, or those of a file.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{Error as PemError, PemObject as _};
use rustls::{ClientConfig, RootCertStore};

/// The certificates of a PEM file; the error says what is wrong with it.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let name = path.display();
    let found = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match found {
        Ok(found) if found.is_empty() => {
            Err(format!("ca {name}: holds no certificate, expected a PEM block `BEGIN CERTIFICATE`"))
        }
        Ok(found) => Ok(found),
        Err(PemError::Io(error)) => Err(format!("ca {name}: cannot be read: {error}")),
        Err(error) => Err(format!("ca {name}: no certificate in PEM form: {error}")),
    }
}

/// The client's side of TLS; without roots of its own it trusts the public ones.
pub(super) fn client(roots: Option<&[CertificateDer<'static>]>) -> Result<Arc<ClientConfig>, String> {
    let mut store = RootCertStore::empty();
    match roots {
        None => store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(roots) => {
            for root in roots {
                store.add(root.clone()).map_err(|error| format!("ca: no root of servers: {error}"))?;
            }
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("tls: {error}"))?;
    Ok(Arc::new(config.with_root_certificates(store).with_no_client_auth()))
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::{self, Read as _, Write as _};
    use std::net::TcpListener;
    use std::path::PathBuf;
    use std::time::Duration;

    use rustls::pki_types::PrivateKeyDer;
    use rustls::{ServerConfig, ServerConnection, StreamOwned};

    use super::*;

    /// A server for `localhost` with a certificate that nobody public vouches for, which stands in the file.
    pub(crate) fn server(folder: &Path) -> (PathBuf, Arc<ServerConfig>) {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let path = folder.join("ca.pem");
        std::fs::write(&path, made.cert.pem()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(made.signing_key.serialize_pem().as_bytes()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(certificates(&path).unwrap(), key)
            .unwrap();
        (path, Arc::new(config))
    }

    /// Takes one connection: what came, up to a body in JSON or the end, and answers.
    pub(crate) fn accept(
        listener: &TcpListener,
        config: &Arc<ServerConfig>,
        answer: &[u8],
    ) -> io::Result<String> {
        let (socket, _) = listener.accept()?;
        socket.set_read_timeout(Some(Duration::from_secs(20)))?;
        let connection = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(connection, socket);
        let mut text = String::new();
        let mut buffer = [0; 4096];
        loop {
            let read = stream.read(&mut buffer)?;
            text.push_str(&String::from_utf8_lossy(&buffer[..read]));
            if read == 0 || (text.contains("\r\n\r\n") && text.ends_with('}')) {
                break;
            }
        }
        stream.write_all(answer)?;
        stream.flush()?;
        Ok(text)
    }

    #[test]
    fn files_without_certificates_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = |text: &str| {
            let path = folder.path().join("x.pem");
            std::fs::write(&path, text).unwrap();
            certificates(&path).err().unwrap()
        };
        assert!(file("").contains("x.pem: holds no certificate"));
        let broken = "-----BEGIN CERTIFICATE-----\n???\n-----END CERTIFICATE-----\n";
        assert!(file(broken).contains("x.pem: no certificate in PEM form"));
        assert!(client(None).is_ok());
    }
}
