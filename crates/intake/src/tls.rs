//! TLS of the listeners: certificate chain and key in PEM files, and certificates of clients where those are asked for.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::{Error as PemError, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

pub use tokio_rustls::TlsAcceptor;

/// Where certificate and key are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate with those between it and its root, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM: PKCS #8, PKCS #1 or SEC 1, without a password.
    pub key: PathBuf,
    /// Roots of the certificates that clients must show; none must if unset.
    pub client_ca: Option<PathBuf>,
}

/// What a listener speaks inside of TLS, for ALPN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inside {
    /// HTTP/2 and HTTP/1.1.
    Http,
    /// Something that has no name in ALPN.
    Other,
}

impl TlsFiles {
    /// Reads the files; the error says which of them is wrong and how.
    pub fn acceptor(&self, inside: Inside) -> Result<TlsAcceptor, String> {
        let provider = Arc::new(ring::default_provider());
        let chain = certificates(&self.certificate)?;
        let key = private_key(&self.key)?;
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("tls: {error}"))?;
        let config = match &self.client_ca {
            None => config.with_no_client_auth(),
            Some(path) => config.with_client_cert_verifier(verifier(path, provider)?),
        };
        let mut config = config.with_single_cert(chain, key).map_err(|error| {
            format!(
                "{} and {}: not a certificate with its key: {error}",
                self.certificate.display(),
                self.key.display()
            )
        })?;
        if inside == Inside::Http {
            config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        }
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let name = path.display();
    let found = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match found {
        Ok(found) if found.is_empty() => {
            Err(format!("{name}: holds no certificate, expected a PEM block `BEGIN CERTIFICATE`"))
        }
        Ok(found) => Ok(found),
        Err(error) => Err(wrong(path, "certificate", error)),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| match error {
        PemError::NoItemsFound => format!(
            "{}: holds no private key, expected a PEM block `BEGIN PRIVATE KEY` without a password",
            path.display()
        ),
        error => wrong(path, "private key", error),
    })
}

fn wrong(path: &Path, what: &str, error: PemError) -> String {
    match error {
        PemError::Io(error) => format!("{}: cannot be read: {error}", path.display()),
        error => format!("{}: no {what} in PEM form: {error}", path.display()),
    }
}

fn verifier(
    path: &Path,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn tokio_rustls::rustls::server::danger::ClientCertVerifier>, String> {
    let mut roots = RootCertStore::empty();
    for root in certificates(path)? {
        roots.add(root).map_err(|error| format!("{}: no root of clients: {error}", path.display()))?;
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
    verifier.map_err(|error| format!("{}: no roots of clients: {error}", path.display()))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A certificate for localhost with its key, in files.
    pub(crate) fn files(folder: &Path) -> TlsFiles {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let files = TlsFiles {
            certificate: folder.join("server.pem"),
            key: folder.join("server.key"),
            client_ca: None,
        };
        std::fs::write(&files.certificate, made.cert.pem()).unwrap();
        std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
        files
    }

    #[test]
    fn wrong_files_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let good = files(folder.path());
        assert!(good.acceptor(Inside::Http).is_ok());
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("empty.pem"), "").unwrap();
        std::fs::write(at("broken.pem"), "-----BEGIN CERTIFICATE-----\n???\n-----END CERTIFICATE-----\n")
            .unwrap();
        let other = tempfile::tempdir().unwrap();
        let other = files(other.path());
        let cases = [
            (TlsFiles { certificate: at("none.pem"), ..good.clone() }, "none.pem: cannot be read"),
            (TlsFiles { certificate: at("empty.pem"), ..good.clone() }, "empty.pem: holds no certificate"),
            (TlsFiles { certificate: at("broken.pem"), ..good.clone() }, "broken.pem: no certificate in PEM"),
            (TlsFiles { key: at("server.pem"), ..good.clone() }, "server.pem: holds no private key"),
            (TlsFiles { key: at("none.key"), ..good.clone() }, "none.key: cannot be read"),
            (TlsFiles { certificate: other.certificate, ..good.clone() }, "not a certificate with its key"),
            (TlsFiles { client_ca: Some(at("empty.pem")), ..good }, "empty.pem: holds no certificate"),
        ];
        for (files, expected) in cases {
            let error = files.acceptor(Inside::Other).err().unwrap();
            assert!(error.contains(expected), "{error}");
        }
    }
}
