//! From an address to a client: `s3://bucket/prefix`, `gs://bucket/prefix`, `az://container/prefix`.
//!
//! Everything else comes from where the providers' own tools look for it: variables of the environment (`AWS_…`,
//! `GOOGLE_…`, `AZURE_…`), and tokens of the machine, pod or workload that the program runs on.

use std::sync::Arc;

use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::path::Path;
use object_store::{ObjectStore, RetryConfig};

use crate::error::ObjectError;

/// How often a client repeats what the store's protocol allows to repeat; a bucket repeats what still fails.
const REPEATS: usize = 2;

/// The parts of an address.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub scheme: &'static str,
    pub bucket: String,
    pub prefix: Path,
}

impl Address {
    /// Reads an address. One that holds credentials is refused, and not repeated in the message.
    pub fn parse(url: &str) -> Result<Self, ObjectError> {
        let wrong = |why: &str| ObjectError::Address(format!("the address of an object store {why}"));
        let Some((scheme, rest)) = url.split_once("://") else {
            return Err(wrong("has no scheme, expected one as in `s3://bucket/prefix`"));
        };
        let scheme = ["s3", "gs", "az"].into_iter().find(|known| *known == scheme).ok_or_else(|| {
            wrong(&format!("begins with `{}://`, expected s3://, gs:// or az://", scheme.escape_debug()))
        })?;
        if rest.contains(['@', '?', '#']) {
            return Err(wrong(
                "has an `@`, `?` or `#`, expected a bucket and a prefix alone; credentials come from the environment",
            ));
        }
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(wrong("names no bucket, expected one as in `s3://bucket/prefix`"));
        }
        let prefix = Path::parse(prefix.trim_end_matches('/'))
            .map_err(|error| wrong(&format!("has a prefix that cannot be used: {error}")))?;
        Ok(Self { scheme, bucket: bucket.to_owned(), prefix })
    }

    /// The same address in one spelling, without a slash at its end.
    pub fn url(&self) -> String {
        let Self { scheme, bucket, prefix } = self;
        if prefix.as_ref().is_empty() {
            format!("{scheme}://{bucket}")
        } else {
            format!("{scheme}://{bucket}/{prefix}")
        }
    }

    /// A client. Nothing is sent before the first request.
    pub fn client(&self) -> Result<Arc<dyn ObjectStore>, ObjectError> {
        let retry = RetryConfig { max_retries: REPEATS, ..RetryConfig::default() };
        let fail = |error: object_store::Error| ObjectError::new(self.url(), "set up the client", &error);
        Ok(match self.scheme {
            "s3" => {
                let client = AmazonS3Builder::from_env().with_bucket_name(&self.bucket).with_retry(retry);
                Arc::new(client.build().map_err(fail)?)
            }
            "gs" => {
                let client =
                    GoogleCloudStorageBuilder::from_env().with_bucket_name(&self.bucket).with_retry(retry);
                Arc::new(client.build().map_err(fail)?)
            }
            _ => {
                let client =
                    MicrosoftAzureBuilder::from_env().with_container_name(&self.bucket).with_retry(retry);
                Arc::new(client.build().map_err(fail)?)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_in_one_spelling() {
        for (text, url) in [
            ("s3://lake", "s3://lake"),
            ("s3://lake/", "s3://lake"),
            ("gs://lake/a/b/", "gs://lake/a/b"),
            ("az://container/atalanta", "az://container/atalanta"),
        ] {
            assert_eq!(Address::parse(text).unwrap().url(), url);
        }
    }

    #[test]
    fn what_is_no_address_is_said_without_its_secrets() {
        for (text, said) in [
            ("/var/lib/atalanta", "no scheme"),
            ("ftp://host/x", "begins with `ftp://`"),
            ("s3:///x", "names no bucket"),
            ("s3://key:SECRET@lake/x", "credentials come from the environment"),
            ("az://c/x?sig=SECRET", "credentials come from the environment"),
            ("s3://lake/a//b", "cannot be used"),
        ] {
            let error = Address::parse(text).unwrap_err().to_string();
            assert!(error.contains(said) && !error.contains("SECRET"), "{error}");
        }
    }
}
