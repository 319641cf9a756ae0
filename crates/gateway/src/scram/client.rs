//! The client's side towards backends. Its rules are the model's; here they meet the server's side.

pub(crate) use model::scram::client::{Login, Untrue};

#[cfg(test)]
mod tests {
    use model::scram::ClientKeys;
    use proptest::prelude::*;

    use super::{
        super::{
            SCRAM,
            server::{ClientFirst, Offer},
        },
        *,
    };

    const SALT: &[u8] = b"0123456789abcdef";

    fn keys() -> ClientKeys {
        ClientKeys::derive("machine", SALT, 1)
    }

    #[test]
    fn both_sides_agree() {
        let keys = keys();
        let verifier = keys.verifier(SALT, 4096);
        let credential = keys.into();
        let login = Login::new(&credential, "ours".to_owned());
        let challenge = ClientFirst::parse(
            SCRAM.as_bytes(),
            login.client_first().as_bytes(),
            &Offer::default(),
        )
        .unwrap()
        .challenge(&verifier, "theirs");
        let answer = login.answer(challenge.server_first.as_bytes()).unwrap();
        let server_final = challenge
            .verify(&verifier, answer.client_final.as_bytes())
            .unwrap();
        assert_eq!(answer.check(server_final.as_bytes()), Ok(()));
        assert_eq!(answer.check(b"v=AAAA"), Err(Untrue("wrong server signature")));
        assert_eq!(answer.check(b"e=other-error"), Err(Untrue("no server signature")));
    }

    #[test]
    fn hostile_challenges_are_refused() {
        let cases = [
            ("", "challenge without nonce"),
            ("r=ours,s=AAAA,i=4096", "nonce does not extend ours"),
            ("r=other,s=AAAA,i=4096", "nonce does not extend ours"),
            ("r=ours\u{e9},s=AAAA,i=4096", "nonce does not extend ours"),
            ("r=ours+", "challenge without salt"),
            ("r=ours+,s=AAAA", "challenge without iterations"),
            ("r=ours+,s=AAAA,i=0", "iterations out of bounds"),
            ("r=ours+,s=AAAA,i=2147483648", "iterations out of bounds"),
        ];
        for (text, reason) in cases {
            let result = Login::new(&keys().into(), "ours".to_owned()).answer(text.as_bytes());
            assert_eq!(result.err(), Some(Untrue(reason)), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_challenge_panics(data in prop::collection::vec(any::<u8>(), 0..200), text in "r=ours[,=rsi0-9+]{0,40}") {
            let credential = keys().into();
            for data in [data.as_slice(), text.as_bytes()] {
                if let Ok(answer) = Login::new(&credential, "ours".to_owned()).answer(data) {
                    prop_assert!(answer.check(data).is_err());
                }
            }
        }
    }
}
