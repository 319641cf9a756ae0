//! How mail leaves, as configured: the server or the directory, and the files with authorities and the key that signs.

use std::{path::PathBuf, sync::Arc};

use mail::{
    Sender, Smtp, Transport,
    dkim::{Signer, SigningKey},
};

use crate::{Config, Error, Result, secret_file};

/// The way to the mail server, or to `directory` where there is none.
pub(crate) fn open(config: &Config, directory: PathBuf) -> Result<Transport> {
    let sender = Sender {
        signer: signer(config)?.map(Arc::new),
        ..config.mail.sender()?
    };
    let Some(url) = &config.mail.smtp_url else {
        return Ok(Transport::directory(directory, sender));
    };
    let authorities = authorities(config)?;
    let server = Smtp {
        url: url.expose(),
        timeout: config.mail.timeout(),
        authorities: authorities.as_deref(),
    };
    Ok(Transport::smtp(server, sender)?)
}

/// What signs mails, if the operator wants them signed.
pub(crate) fn signer(config: &Config) -> Result<Option<Signer>> {
    let (Some((domain, selector)), Some(path)) = (config.mail.signature()?, &config.mail.dkim.key_file)
    else {
        return Ok(None);
    };
    let pem = secret_file::read(path, secret_file::OTHERS, "read mail.dkim.key_file")?;
    let key = SigningKey::from_pem(pem.expose().as_bytes())
        .map_err(|fault| Error::config(format!("mail.dkim.key_file: {fault}: {}", path.display())))?;
    Ok(Some(Signer::new(domain, selector, key)))
}

fn authorities(config: &Config) -> Result<Option<Vec<u8>>> {
    let Some(path) = &config.mail.ca_file else {
        return Ok(None);
    };
    let pem = std::fs::read(path).map_err(Error::file("read mail.ca_file", path))?;
    Ok(Some(pem))
}
