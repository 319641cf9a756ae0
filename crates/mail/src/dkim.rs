//! How does a mail carry the operator's signature (RFC 6376, RFC 8463)? Relaxed canonicalisation, because servers on the
//! way may fold lines anew; `ring` signs, as everywhere in Standpipe.

mod canonical;
mod key;

use data_encoding::BASE64;
use ring::digest::{SHA256, digest};

use canonical::{Field, relaxed_body, relaxed_field};
pub use key::{KeyFault, SigningKey};

/// What is signed of a mail's head, where it is there: all that a program shows or acts on.
const SIGNED: [&str; 11] = [
    "From",
    "Reply-To",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
];
/// Named once more than they are there, so that nobody adds another which a program would show instead (RFC 6376 §8.15).
const ALONE: [&str; 5] = ["From", "Reply-To", "To", "Subject", "Date"];
/// Characters of base64 in a line of the signature's header.
const LINE: usize = 72;
/// Characters that fit into one string of a DNS record (RFC 1035 §3.3).
const DNS_STRING: usize = 255;

/// Signs mails for a domain.
#[derive(Debug)]
pub struct Signer {
    domain: String,
    selector: String,
    key: SigningKey,
}

impl Signer {
    /// Signs for `domain` with the key whose public half is published under `selector`.
    pub fn new(domain: impl Into<String>, selector: impl Into<String>, key: SigningKey) -> Self {
        Self {
            domain: domain.into(),
            selector: selector.into(),
            key,
        }
    }

    /// The DNS record with the public key, as a line of a zone file.
    pub fn record(&self) -> String {
        let (kind, public) = self.key.public();
        let text = format!("v=DKIM1; k={kind}; p={}", BASE64.encode(&public));
        let strings: Vec<_> = chunks(&text, DNS_STRING)
            .map(|part| format!("\"{part}\""))
            .collect();
        let name = format!("{}._domainkey.{}.", self.selector, self.domain);
        format!("{name} IN TXT ( {} )", strings.join(" "))
    }

    /// The mail with a signature in front of it; `None` where it cannot be signed.
    pub(crate) fn sign(&self, mail: &[u8]) -> Option<Vec<u8>> {
        let text = std::str::from_utf8(mail).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let fields: Vec<Field<'_>> = canonical::fields(head).collect();
        let (names, mut signed) = signed_fields(&fields);
        let hash = BASE64.encode(digest(&SHA256, relaxed_body(body).as_bytes()).as_ref());
        let unsigned = format!(
            "v=1; a={}; c=relaxed/relaxed; d={}; s={};\r\n\th={names};\r\n\tbh={hash};\r\n\tb=",
            self.key.algorithm(),
            self.domain,
            self.selector,
        );
        // It ends the text that is signed, without a line end of its own (RFC 6376 §3.7).
        let own = Field::new("DKIM-Signature", &unsigned);
        signed.push_str(relaxed_field(&own).trim_end());
        let signature = BASE64.encode(&self.key.sign(signed.as_bytes())?);
        let folded: Vec<_> = chunks(&signature, LINE).collect();
        let header = format!("DKIM-Signature: {unsigned}{}\r\n", folded.join("\r\n\t"));
        Some([header.as_bytes(), mail].concat())
    }
}

/// The names for `h=`, and the fields that they stand for in the form that is signed.
fn signed_fields(fields: &[Field<'_>]) -> (String, String) {
    let there = SIGNED
        .iter()
        .filter_map(|name| fields.iter().find(|field| field.name.eq_ignore_ascii_case(name)));
    let (mut names, mut text) = (Vec::new(), String::new());
    for field in there {
        names.push(field.name);
        text.push_str(&relaxed_field(field));
    }
    (format!("{}:\r\n\t{}", names.join(":"), ALONE.join(":")), text)
}

/// ASCII text in pieces of `size`.
fn chunks(text: &str, size: usize) -> impl Iterator<Item = &str> {
    let starts = (0..text.len()).step_by(size);
    starts.filter_map(move |at| text.get(at..text.len().min(at + size)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIL: &[u8] =
        b"From: a <a@example.com>\r\nTo: b@example.com\r\nSubject: x\r\n  y\r\n\r\nHello \r\n\r\n";

    fn signer() -> Signer {
        Signer::new("example.com", "s1", key::tests::ed25519())
    }

    #[test]
    fn signatures_are_a_header_in_front_of_the_same_mail() {
        let signed = signer().sign(MAIL).unwrap();
        assert!(signed.ends_with(MAIL));
        let text = String::from_utf8(signed).unwrap();
        assert!(text.starts_with(
            "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=example.com; s=s1;\r\n"
        ));
        assert!(text.lines().all(|line| line.len() < 160), "{text}");
        assert_eq!(signer().sign(b"no head"), None);
    }

    #[test]
    fn every_letter_of_head_and_body_counts_but_white_space_does_not() {
        let sign = |mail: &[u8]| {
            let signed = String::from_utf8(signer().sign(mail).unwrap()).unwrap();
            signed.split_once("\r\nFrom").unwrap().0.to_owned()
        };
        let with = |from: &str, to: &str| String::from_utf8(MAIL.to_vec()).unwrap().replace(from, to);
        for (from, to) in [("x\r\n  y", "x y"), ("Hello ", "Hello"), ("To: b", "To:  b")] {
            assert_eq!(sign(with(from, to).as_bytes()), sign(MAIL), "{from}");
        }
        for (from, to) in [
            ("  y", "  z"),
            ("Hello", "Hullo"),
            ("a <a", "aa <a"),
            ("To: b", "To: c"),
        ] {
            assert_ne!(sign(with(from, to).as_bytes()), sign(MAIL), "{from}");
        }
    }

    #[test]
    fn records_are_lines_of_a_zone_file_with_short_strings() {
        let line = signer().record();
        assert!(
            line.starts_with("s1._domainkey.example.com. IN TXT ( \"v=DKIM1; k=ed25519; p="),
            "{line}"
        );
        let long = "x".repeat(600);
        assert_eq!(
            chunks(&long, DNS_STRING).map(str::len).collect::<Vec<_>>(),
            [255, 255, 90]
        );
    }
}
