//! Where does a session stand? Follows the message headers of both directions, so that a session can be ended between
//! two messages, and when nothing is under way. Bodies are skipped, not looked at.

/// Follows one direction. Chunks may cut messages anywhere.
#[derive(Default)]
struct Walker {
    header: [u8; 5],
    have: usize,
    /// Octets of body still to come.
    left: usize,
    /// The kind whose first octet of body is still to come.
    kind: Option<u8>,
    /// A length that cannot be: from here on nothing is known.
    lost: bool,
}

impl Walker {
    /// Calls `seen` for each message that begins in `octets`, with the first octet of its body (0 if it has none).
    fn walk(&mut self, mut octets: &[u8], mut seen: impl FnMut(u8, u8)) {
        while let Some((first, rest)) = octets.split_first() {
            if self.lost {
                return;
            }
            if self.left == 0 {
                octets = self.take_header(octets, &mut seen);
                continue;
            }
            if let Some(kind) = self.kind.take() {
                seen(kind, *first);
                self.left -= 1;
                octets = rest;
                continue;
            }
            let skipped = self.left.min(octets.len());
            self.left -= skipped;
            octets = octets.get(skipped..).unwrap_or_default();
        }
    }

    fn take_header<'o>(&mut self, octets: &'o [u8], seen: &mut impl FnMut(u8, u8)) -> &'o [u8] {
        if self.have == 0
            && let Some((header, rest)) = octets.split_first_chunk()
        {
            self.begin(*header, seen);
            return rest;
        }
        let Some((octet, rest)) = octets.split_first() else {
            return octets;
        };
        if let Some(slot) = self.header.get_mut(self.have) {
            *slot = *octet;
        }
        self.have += 1;
        if self.have == self.header.len() {
            self.have = 0;
            self.begin(self.header, seen);
        }
        rest
    }

    fn begin(&mut self, [kind, a, b, c, d]: [u8; 5], seen: &mut impl FnMut(u8, u8)) {
        match (u32::from_be_bytes([a, b, c, d]) as usize).checked_sub(4) {
            Some(0) => seen(kind, 0),
            Some(left) => (self.left, self.kind) = (left, Some(kind)),
            None => self.lost = true,
        }
    }

    /// Whether the last octet was the last of a message.
    fn at_boundary(&self) -> bool {
        !self.lost && self.have == 0 && self.left == 0
    }
}

/// Both directions of a session, from the first `ReadyForQuery` on.
pub(crate) struct Conversation {
    client: Walker,
    backend: Walker,
    state: State,
}

struct State {
    /// Requests that will be answered by one `ReadyForQuery` each.
    open: u32,
    /// Something was sent that only a `Sync` completes.
    unsynced: bool,
    last_request: u8,
    /// The backend takes `COPY` data, and ignores `Sync` meanwhile.
    copying: bool,
    /// `I`, `T` or `E`, as in `ReadyForQuery`.
    transaction: u8,
    last_answer: u8,
    terminated: bool,
}

impl Conversation {
    /// A session whose first `ReadyForQuery` is about to be seen.
    pub(crate) fn new() -> Self {
        Self {
            client: Walker::default(),
            backend: Walker::default(),
            state: State {
                open: 0,
                unsynced: false,
                last_request: 0,
                copying: false,
                transaction: b'I',
                last_answer: 0,
                terminated: false,
            },
        }
    }

    pub(crate) fn client_sent(&mut self, octets: &[u8]) {
        self.client.walk(octets, |kind, _| self.state.request(kind));
    }

    pub(crate) fn backend_sent(&mut self, octets: &[u8]) {
        self.backend
            .walk(octets, |kind, first| self.state.answer(kind, first));
    }

    /// Nothing is under way, and no transaction is open.
    pub(crate) fn is_idle(&self) -> bool {
        !self.is_busy()
            && !self.is_in_transaction()
            && self.client.at_boundary()
            && self.backend.at_boundary()
    }

    /// The backend has something to do.
    pub(crate) fn is_busy(&self) -> bool {
        self.state.open > 0 || self.state.unsynced
    }

    /// A transaction is open, or one that failed.
    pub(crate) fn is_in_transaction(&self) -> bool {
        self.state.transaction != b'I'
    }

    /// A message of ours can stand here.
    pub(crate) fn takes_a_message(&self) -> bool {
        self.backend.at_boundary()
    }

    /// The client said that it goes.
    pub(crate) fn is_terminated(&self) -> bool {
        self.state.terminated
    }

    /// The client said that it goes, or the backend said why it does.
    pub(crate) fn is_over(&self) -> bool {
        self.is_terminated() || self.state.last_answer == b'E'
    }
}

impl State {
    fn request(&mut self, kind: u8) {
        match kind {
            b'S' if self.copying => {}
            b'Q' | b'S' | b'F' => {
                self.open = self.open.saturating_add(1);
                self.unsynced = false;
            }
            b'c' | b'f' => self.copying = false,
            b'd' | b'p' | b'H' => {}
            b'X' => self.terminated = true,
            _ => self.unsynced = true,
        }
        self.last_request = kind;
    }

    fn answer(&mut self, kind: u8, first: u8) {
        match kind {
            b'Z' => {
                self.open = self.open.saturating_sub(1);
                self.copying = false;
                self.transaction = first;
            }
            b'G' => {
                self.copying = true;
                // A `Sync` behind the `Execute` that began the copy is ignored by the backend too.
                if self.last_request == b'S' {
                    self.open = self.open.saturating_sub(1);
                }
            }
            _ => {}
        }
        self.last_answer = kind;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wire(messages: &[(u8, &[u8])]) -> Vec<u8> {
        let mut out = bytes::BytesMut::new();
        for (kind, body) in messages {
            crate::message::put_message(&mut out, *kind, body);
        }
        out.to_vec()
    }

    /// `>` from the client or `<` from the backend, and the messages.
    type Step<'m> = (char, &'m [(u8, &'m [u8])]);

    fn after(steps: &[Step<'_>]) -> Conversation {
        let mut talk = Conversation::new();
        for (side, messages) in steps {
            match side {
                '>' => talk.client_sent(&wire(messages)),
                _ => talk.backend_sent(&wire(messages)),
            }
        }
        talk
    }

    const READY: (u8, &[u8]) = (b'Z', b"I");

    #[test]
    fn a_query_is_busy_until_it_is_answered() {
        assert!(after(&[('<', &[READY])]).is_idle());
        let busy = after(&[('>', &[(b'Q', b"select 1\0")])]);
        assert!(busy.is_busy() && !busy.is_idle() && busy.takes_a_message());
        let answered = after(&[('>', &[(b'Q', b"select 1\0")]), ('<', &[(b'D', b"row"), READY])]);
        assert!(answered.is_idle());
    }

    #[test]
    fn an_open_transaction_is_not_idle() {
        let talk = after(&[
            ('>', &[(b'Q', b"begin\0")]),
            ('<', &[(b'C', b"BEGIN\0"), (b'Z', b"T")]),
        ]);
        assert!(!talk.is_idle() && !talk.is_busy());
    }

    #[test]
    fn pipelines_count_every_sync() {
        let batch: &[(u8, &[u8])] = &[(b'P', b"x"), (b'B', b"x"), (b'E', b"x"), (b'S', b"")];
        assert!(after(&[('>', batch), ('>', batch), ('<', &[READY])]).is_busy());
        assert!(after(&[('>', batch), ('>', batch), ('<', &[READY, READY])]).is_idle());
        assert!(after(&[('>', &[(b'P', b"x"), (b'H', b"")])]).is_busy());
    }

    #[test]
    fn copy_in_both_protocols() {
        let simple = [('>', &[(b'Q', &b"copy\0"[..])][..]), ('<', &[(b'G', b"x")])];
        assert!(after(&simple).is_busy());
        let done: &[(u8, &[u8])] = &[(b'd', b"row"), (b'c', b"")];
        assert!(after(&[simple[0], simple[1], ('>', done), ('<', &[READY])]).is_idle());
        let extended: &[(u8, &[u8])] = &[(b'E', b"x"), (b'S', b"")];
        let synced: &[(u8, &[u8])] = &[(b'd', b"row"), (b'c', b""), (b'S', b"")];
        let steps = [
            ('>', extended),
            ('<', &[(b'G', &b"x"[..])][..]),
            ('>', synced),
            ('<', &[READY]),
        ];
        assert!(after(&steps[..3]).is_busy());
        assert!(after(&steps).is_idle());
    }

    #[test]
    fn ends_are_noticed() {
        assert!(after(&[('>', &[(b'X', b"")])]).is_over());
        assert!(after(&[('<', &[(b'E', b"x")])]).is_over());
        assert!(!after(&[('<', &[(b'E', b"x"), READY])]).is_over());
    }

    #[test]
    fn a_length_that_cannot_be_is_never_idle_again() {
        let mut talk = Conversation::new();
        talk.backend_sent(b"D\0\0\0\x03");
        talk.backend_sent(&wire(&[READY]));
        assert!(!talk.is_idle() && !talk.takes_a_message());
    }

    proptest! {
        #[test]
        fn chunks_do_not_matter(
            messages in prop::collection::vec((any::<u8>(), prop::collection::vec(any::<u8>(), 0..20)), 0..20),
            cut in 1_usize..30,
        ) {
            let messages: Vec<(u8, &[u8])> = messages.iter().map(|(kind, body)| (*kind, body.as_slice())).collect();
            let wire = wire(&messages);
            let (mut walker, mut seen) = (Walker::default(), Vec::new());
            for chunk in wire.chunks(cut) {
                walker.walk(chunk, |kind, first| seen.push((kind, first)));
            }
            let expected: Vec<(u8, u8)> =
                messages.iter().map(|(kind, body)| (*kind, body.first().copied().unwrap_or(0))).collect();
            prop_assert_eq!(seen, expected);
            prop_assert!(walker.at_boundary());
        }

        #[test]
        fn no_octets_panic(octets in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut talk = Conversation::new();
            talk.client_sent(&octets);
            talk.backend_sent(&octets);
        }
    }
}
