//! The server's side: does this client know the password behind a verifier?

use data_encoding::BASE64;
use model::scram::Verifier;

use super::{SCRAM, SCRAM_PLUS, attribute, is_nonce, key};

/// What we offer a client: plain SCRAM, and the bound form when there is a certificate to bind to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Offer {
    /// Hash of the certificate that this connection was served (RFC 5929 `tls-server-end-point`).
    pub(crate) certificate_hash: Option<Vec<u8>>,
}

impl Offer {
    /// The names, the stronger one first, each with its zero, and a zero behind the list.
    pub(crate) fn mechanisms(&self) -> Vec<u8> {
        let plus = self.certificate_hash.is_some().then_some(SCRAM_PLUS);
        let mut out = Vec::new();
        for name in plus.into_iter().chain([SCRAM]) {
            out.extend(name.bytes());
            out.push(0);
        }
        out.push(0);
        out
    }
}

/// Why an exchange fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// A mechanism that was not offered.
    Mechanism,
    /// A message that RFC 5802 does not allow; what is wrong with it, for the log.
    Malformed(&'static str),
    /// The channel binding is not ours: somebody may sit in between.
    ChannelBinding,
    /// The proof does not fit: a wrong password, or no such user.
    WrongProof,
}

/// A client's first message, understood.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ClientFirst {
    /// Without the GS2 header.
    bare: String,
    nonce: String,
    /// What the client must send as `c=`.
    binding: String,
}

impl ClientFirst {
    /// Reads a `SASLInitialResponse`'s mechanism and data.
    pub(crate) fn parse(mechanism: &[u8], data: &[u8], offer: &Offer) -> Result<Self, Failure> {
        let plus = match mechanism {
            name if name == SCRAM.as_bytes() => false,
            name if name == SCRAM_PLUS.as_bytes() && offer.certificate_hash.is_some() => true,
            _ => return Err(Failure::Mechanism),
        };
        let text = std::str::from_utf8(data).map_err(|_| Failure::Malformed("not UTF-8"))?;
        let (flag, rest) = text.split_once(',').ok_or(Failure::Malformed("no GS2 header"))?;
        let (authzid, bare) = rest.split_once(',').ok_or(Failure::Malformed("no GS2 header"))?;
        if !authzid.is_empty() {
            return Err(Failure::Malformed("authorization identity"));
        }
        Ok(Self {
            nonce: nonce_of(bare)?.to_owned(),
            bare: bare.to_owned(),
            binding: BASE64.encode(&binding(flag, plus, offer)?),
        })
    }

    /// Our answer: the nonce with ours behind it, the salt and the iterations of `verifier`.
    pub(crate) fn challenge(self, verifier: &Verifier, nonce: &str) -> Challenge {
        let nonce = format!("{}{nonce}", self.nonce);
        let salt = BASE64.encode(&verifier.salt);
        let server_first = format!("r={nonce},s={salt},i={}", verifier.iterations);
        Challenge {
            signed: format!("{},{server_first}", self.bare),
            server_first,
            nonce,
            binding: self.binding,
        }
    }
}

/// The client's nonce. The user name before it is not looked at: drivers send it empty, as `*` or in full, and the
/// startup packet has said who they are.
fn nonce_of(bare: &str) -> Result<&str, Failure> {
    let (_, rest) = attribute(bare, 'n').ok_or(Failure::Malformed("no user name attribute"))?;
    rest.and_then(|rest| attribute(rest, 'r'))
        .map(|(nonce, _)| nonce)
        .filter(|nonce| is_nonce(nonce))
        .ok_or(Failure::Malformed("no nonce"))
}

/// What `c=` decodes to: the GS2 header, and the certificate's hash where the client binds to it.
fn binding(flag: &str, plus: bool, offer: &Offer) -> Result<Vec<u8>, Failure> {
    match (flag, plus) {
        ("n", false) => Ok(b"n,,".to_vec()),
        // "I could bind, but you cannot": true without TLS, a stripped offer otherwise (RFC 5802 §6).
        ("y", false) if offer.certificate_hash.is_some() => Err(Failure::ChannelBinding),
        ("y", false) => Ok(b"y,,".to_vec()),
        ("p=tls-server-end-point", true) => {
            let hash = offer.certificate_hash.as_deref().unwrap_or_default();
            Ok([b"p=tls-server-end-point,,", hash].concat())
        }
        _ => Err(Failure::Malformed("channel binding flag")),
    }
}

/// An exchange that waits for the client's proof.
#[derive(Debug)]
pub(crate) struct Challenge {
    /// The message to send.
    pub(crate) server_first: String,
    nonce: String,
    binding: String,
    /// What the proof covers so far.
    signed: String,
}

impl Challenge {
    /// Checks the client's final message; the server's own proof, to send as the last message, if it is right.
    pub(crate) fn verify(self, verifier: &Verifier, data: &[u8]) -> Result<String, Failure> {
        let text = std::str::from_utf8(data).map_err(|_| Failure::Malformed("not UTF-8"))?;
        let (without_proof, proof) = text.rsplit_once(",p=").ok_or(Failure::Malformed("no proof"))?;
        let proof = key(proof).ok_or(Failure::Malformed("proof is not 32 octets in base64"))?;
        self.check_binding_and_nonce(without_proof)?;
        let auth_message = format!("{},{without_proof}", self.signed);
        if !verifier.accepts(auth_message.as_bytes(), &proof) {
            return Err(Failure::WrongProof);
        }
        let signature = verifier.server_signature(auth_message.as_bytes());
        Ok(format!("v={}", BASE64.encode(&signature)))
    }

    fn check_binding_and_nonce(&self, without_proof: &str) -> Result<(), Failure> {
        let (binding, rest) =
            attribute(without_proof, 'c').ok_or(Failure::Malformed("no channel binding attribute"))?;
        if binding != self.binding {
            return Err(Failure::ChannelBinding);
        }
        match rest.and_then(|rest| attribute(rest, 'r')) {
            Some((nonce, _)) if nonce == self.nonce => Ok(()),
            _ => Err(Failure::Malformed("nonce mismatch")),
        }
    }
}

#[cfg(test)]
mod tests {
    use model::scram::ClientKeys;
    use postgres_protocol::authentication::sasl::{ChannelBinding, ScramSha256};
    use proptest::prelude::*;

    use super::*;

    const CLIENT_FIRST: &[u8] = b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
    const CLIENT_FINAL: &str = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
        p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
    const SERVER_NONCE: &str = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";

    fn verifier(password: &str) -> Verifier {
        let salt = BASE64.decode(b"W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        ClientKeys::derive(password, &salt, 4096).verifier(&salt, 4096)
    }

    fn bound() -> Offer {
        Offer {
            certificate_hash: Some(vec![7; 32]),
        }
    }

    fn exchange(client_final: &str) -> Result<String, Failure> {
        let verifier = verifier("pencil");
        ClientFirst::parse(SCRAM.as_bytes(), CLIENT_FIRST, &Offer::default())?
            .challenge(&verifier, SERVER_NONCE)
            .verify(&verifier, client_final.as_bytes())
    }

    #[test]
    fn rfc_7677_exchange() {
        let challenge = ClientFirst::parse(SCRAM.as_bytes(), CLIENT_FIRST, &Offer::default())
            .unwrap()
            .challenge(&verifier("pencil"), SERVER_NONCE);
        assert_eq!(
            challenge.server_first,
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
        );
        assert_eq!(
            exchange(CLIENT_FINAL).unwrap(),
            "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
        );
    }

    #[test]
    fn finals_that_rfc_5802_forbids() {
        let cases = [
            (CLIENT_FINAL.replace("biws", "eSws"), Failure::ChannelBinding),
            (
                CLIENT_FINAL.replace("k0,", "k1,"),
                Failure::Malformed("nonce mismatch"),
            ),
            (
                CLIENT_FINAL.replace("c=biws,", ""),
                Failure::Malformed("no channel binding attribute"),
            ),
            (CLIENT_FINAL.replace(",p=", ",q="), Failure::Malformed("no proof")),
            (
                CLIENT_FINAL.replace("dHzb", ""),
                Failure::Malformed("proof is not 32 octets in base64"),
            ),
            (
                CLIENT_FINAL.replace("VQ=", "VQ=="),
                Failure::Malformed("proof is not 32 octets in base64"),
            ),
            (CLIENT_FINAL.replace("dHzb", "eHzb"), Failure::WrongProof),
        ];
        for (text, failure) in cases {
            assert_eq!(exchange(&text), Err(failure), "{text}");
        }
    }

    #[test]
    fn firsts_that_rfc_5802_forbids() {
        let cases: [(&[u8], Failure); 10] = [
            (b"", Failure::Malformed("no GS2 header")),
            (b"n,", Failure::Malformed("no GS2 header")),
            (b"n,a=root,n=,r=abc", Failure::Malformed("authorization identity")),
            (b"n,,m=x,n=,r=abc", Failure::Malformed("no user name attribute")),
            (b"n,,n=", Failure::Malformed("no nonce")),
            (b"n,,n=,r=", Failure::Malformed("no nonce")),
            (b"n,,n=,r=\xc3\xa9", Failure::Malformed("no nonce")),
            (b"n,,n=,r=\xff", Failure::Malformed("not UTF-8")),
            (
                b"p=tls-server-end-point,,n=,r=abc",
                Failure::Malformed("channel binding flag"),
            ),
            (b"x,,n=,r=abc", Failure::Malformed("channel binding flag")),
        ];
        for (data, failure) in cases {
            let result = ClientFirst::parse(SCRAM.as_bytes(), data, &Offer::default());
            assert_eq!(result, Err(failure), "{}", String::from_utf8_lossy(data));
        }
    }

    #[test]
    fn downgrades_are_seen() {
        let parse = |mechanism: &str, data: &[u8]| ClientFirst::parse(mechanism.as_bytes(), data, &bound());
        assert_eq!(parse(SCRAM, b"y,,n=,r=abc"), Err(Failure::ChannelBinding));
        assert!(parse(SCRAM, b"n,,n=,r=abc").is_ok());
        assert!(parse(SCRAM_PLUS, b"p=tls-server-end-point,,n=,r=abc").is_ok());
        for data in [&b"n,,n=,r=abc"[..], b"y,,n=,r=abc", b"p=tls-unique,,n=,r=abc"] {
            assert_eq!(
                parse(SCRAM_PLUS, data),
                Err(Failure::Malformed("channel binding flag"))
            );
        }
        assert_eq!(parse("PLAIN", b"n,,n=,r=abc"), Err(Failure::Mechanism));
        let unbound = ClientFirst::parse(
            SCRAM_PLUS.as_bytes(),
            b"p=tls-server-end-point,,n=,r=a",
            &Offer::default(),
        );
        assert_eq!(unbound, Err(Failure::Mechanism));
    }

    #[test]
    fn mechanisms_are_listed_strongest_first() {
        assert_eq!(Offer::default().mechanisms(), b"SCRAM-SHA-256\0\0");
        assert_eq!(bound().mechanisms(), b"SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0");
    }

    /// Runs the exchange with the client of `postgres-protocol`.
    fn with_reference_client(
        password: &str,
        mechanism: &str,
        binding: ChannelBinding,
        offer: &Offer,
        verifier: &Verifier,
    ) -> Result<(), Failure> {
        let mut client = ScramSha256::new(password.as_bytes(), binding);
        let challenge = ClientFirst::parse(mechanism.as_bytes(), client.message(), offer)?
            .challenge(verifier, SERVER_NONCE);
        client.update(challenge.server_first.as_bytes()).unwrap();
        let server_final = challenge.verify(verifier, client.message())?;
        client.finish(server_final.as_bytes()).unwrap();
        Ok(())
    }

    #[test]
    fn the_reference_client_agrees() {
        let verifier = verifier("right");
        let bind = ChannelBinding::tls_server_end_point;
        let run = |password, mechanism, binding, offer: &Offer| {
            with_reference_client(password, mechanism, binding, offer, &verifier)
        };
        let (none, bound) = (Offer::default(), bound());
        assert_eq!(run("right", SCRAM, ChannelBinding::unsupported(), &none), Ok(()));
        assert_eq!(run("right", SCRAM, ChannelBinding::unrequested(), &none), Ok(()));
        assert_eq!(run("right", SCRAM_PLUS, bind(vec![7; 32]), &bound), Ok(()));
        assert_eq!(
            run("wrong", SCRAM, ChannelBinding::unsupported(), &none),
            Err(Failure::WrongProof)
        );
        assert_eq!(
            run("wrong", SCRAM_PLUS, bind(vec![7; 32]), &bound),
            Err(Failure::WrongProof)
        );
        assert_eq!(
            run("right", SCRAM_PLUS, bind(vec![8; 32]), &bound),
            Err(Failure::ChannelBinding)
        );
    }

    #[test]
    fn a_mock_looks_like_a_verifier_and_opens_to_nobody() {
        let mock = Verifier::mock(b"key", "nobody");
        let run = || {
            with_reference_client(
                "right",
                SCRAM,
                ChannelBinding::unsupported(),
                &Offer::default(),
                &mock,
            )
        };
        assert_eq!(
            (run(), run()),
            (Err(Failure::WrongProof), Err(Failure::WrongProof))
        );
    }

    proptest! {
        #[test]
        fn no_first_message_panics(data in prop::collection::vec(any::<u8>(), 0..200), text in "[nyp=,rcam a-z]{0,60}") {
            for offer in [Offer::default(), bound()] {
                for mechanism in [SCRAM, SCRAM_PLUS] {
                    let _ = ClientFirst::parse(mechanism.as_bytes(), &data, &offer);
                    let _ = ClientFirst::parse(mechanism.as_bytes(), text.as_bytes(), &offer);
                }
            }
        }

        #[test]
        fn no_final_message_panics_or_passes(data in prop::collection::vec(any::<u8>(), 0..200), tail in "[,prc=A-Z+/]{0,80}") {
            // Not stretched: what counts here is only that nobody knows its proof.
            let verifier = Verifier::mock(b"key", "pencil");
            let challenge = || ClientFirst::parse(SCRAM.as_bytes(), CLIENT_FIRST, &Offer::default())
                .unwrap()
                .challenge(&verifier, SERVER_NONCE);
            prop_assert!(challenge().verify(&verifier, &data).is_err());
            let text = format!("c=biws,r=rOprNGfwEbeRWgbNEkqO{SERVER_NONCE}{tail}");
            prop_assert!(challenge().verify(&verifier, text.as_bytes()).is_err());
        }
    }
}
