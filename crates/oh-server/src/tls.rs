//! HTTPS: a certificate and its key, taken up again when they are renewed.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, anyhow};
use oh_config::TlsFiles;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// How often the files are looked at.
const LOOK_PERIOD: Duration = Duration::from_secs(60);

/// What connections are made with now.
#[derive(Debug)]
pub(crate) struct Tls {
    files: TlsFiles,
    config: RwLock<Arc<ServerConfig>>,
}

impl Tls {
    /// Reads both files.
    ///
    /// # Errors
    /// Fails if a file cannot be read, is not PEM, or the two do not belong together.
    pub(crate) fn load(files: TlsFiles) -> Result<Self> {
        let config = RwLock::new(Arc::new(read(&files)?));
        Ok(Self { files, config })
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        let config = self.config.read().unwrap_or_else(PoisonError::into_inner);
        TlsAcceptor::from(config.clone())
    }

    /// Takes up a renewed certificate, until dropped. One that is no good changes nothing.
    pub(crate) async fn follow_files(&self) {
        let mut seen = self.stamps();
        loop {
            tokio::time::sleep(LOOK_PERIOD).await;
            let now = self.stamps();
            if now != seen {
                self.reload();
                seen = now;
            }
        }
    }

    fn reload(&self) {
        match read(&self.files) {
            Ok(config) => {
                *self.config.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
                tracing::info!("a new certificate is in use");
            }
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "the old certificate stays in use");
            }
        }
    }

    fn stamps(&self) -> [Option<SystemTime>; 2] {
        [&self.files.certificate, &self.files.key]
            .map(|path| std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok())
    }
}

fn read(files: &TlsFiles) -> Result<ServerConfig> {
    let certificates = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unreadable(&files.certificate, &error))?;
    if certificates.is_empty() {
        return Err(anyhow!("there is no certificate in `{}`", files.certificate.display()));
    }
    let key =
        PrivateKeyDer::from_pem_file(&files.key).map_err(|error| unreadable(&files.key, &error))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .context("failed to set up HTTPS")?
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .with_context(|| {
            format!(
                "the certificate `{}` and the key `{}` do not go together",
                files.certificate.display(),
                files.key.display()
            )
        })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// The file's content stays out of the message: it may be a key.
fn unreadable(path: &Path, error: &rustls::pki_types::pem::Error) -> anyhow::Error {
    use rustls::pki_types::pem::Error;

    let reason = match error {
        Error::Io(error) => error.to_string(),
        Error::NoItemsFound => "it has no such PEM section".to_owned(),
        _ => "it is not PEM".to_owned(),
    };
    anyhow!("failed to read `{}`: {reason}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_the_files_is_said_without_their_content() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("junk"), "secret words").unwrap();
        std::fs::write(path("half"), "-----BEGIN PRIVATE KEY-----\nsecret words\n").unwrap();
        let try_with = |certificate: &str, key: &str| {
            let files = TlsFiles { certificate: path(certificate), key: path(key) };
            let message = format!("{:#}", Tls::load(files).unwrap_err());
            assert!(!message.contains("secret"), "{message}");
            message
        };
        assert!(try_with("absent", "junk").contains("absent`: No such file"));
        assert!(
            try_with("junk", "junk").contains("no certificate in `"),
            "{}",
            try_with("junk", "junk")
        );
        assert!(try_with("half", "half").contains("half`: it is not PEM"));
    }
}
