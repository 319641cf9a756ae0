//! Which certificate must a client trust, where we signed our own?

use sha2::{Digest, Sha256};

use crate::App;

/// The certificate of the authority that Standpipe made on its first start. It is public.
#[derive(Debug, Clone)]
pub struct Authority {
    /// The certificate, as PEM.
    pub pem: String,
    /// SHA-256 over the certificate, as `openssl x509 -fingerprint -sha256` prints it.
    pub fingerprint: String,
}

impl App {
    /// The authority that signed our certificates; `None` where the operator gave certificates.
    pub async fn authority(&self) -> Option<Authority> {
        let path = self.settings().ca_path.as_ref()?;
        let pem = tokio::fs::read_to_string(path).await.ok()?;
        let fingerprint = fingerprint(&pem)?;
        Some(Authority { pem, fingerprint })
    }
}

fn fingerprint(pem: &str) -> Option<String> {
    let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = data_encoding::BASE64.decode(base64.as_bytes()).ok()?;
    let bytes: Vec<String> = Sha256::digest(der)
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    Some(bytes.join(":"))
}
