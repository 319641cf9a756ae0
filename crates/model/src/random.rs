//! Randomness, passed in.

use std::sync::Arc;

use rand::distr::{Distribution, Uniform};

type Source = dyn Fn(&mut [u8]) + Send + Sync;

/// Where secrets and ids come from. The binary passes the operating system's generator, tests a seeded one.
#[derive(Clone)]
pub struct Random(Arc<Source>);

impl Random {
    /// A generator that fills slices from `source`, which must be cryptographically secure outside tests.
    pub fn new(source: impl Fn(&mut [u8]) + Send + Sync + 'static) -> Self {
        Self(Arc::new(source))
    }

    /// `N` fresh bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut out = [0; N];
        (self.0)(&mut out);
        out
    }

    /// `length` symbols drawn uniformly, without bias, from `alphabet`.
    pub fn symbols(&self, alphabet: &[u8], length: usize) -> String {
        let mut rng = self.clone();
        let Ok(range) = Uniform::new(0, alphabet.len()) else {
            return String::new();
        };
        (0..length)
            .filter_map(|_| {
                alphabet
                    .get(range.sample(&mut rng))
                    .map(|symbol| char::from(*symbol))
            })
            .collect()
    }
}

impl rand::TryRng for Random {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(u32::from_le_bytes(self.bytes()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(u64::from_le_bytes(self.bytes()))
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Self::Error> {
        (self.0)(dst);
        Ok(())
    }
}

impl std::fmt::Debug for Random {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Random")
    }
}
