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
        let mut rng = Buffered::new(self);
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

/// Asks the source once for what would otherwise be many small questions: each costs a system call.
struct Buffered<'a> {
    random: &'a Random,
    bytes: [u8; 128],
    used: usize,
}

impl<'a> Buffered<'a> {
    fn new(random: &'a Random) -> Self {
        Self {
            random,
            bytes: [0; 128],
            used: 128,
        }
    }
}

impl rand::TryRng for Buffered<'_> {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut out = [0; 4];
        self.try_fill_bytes(&mut out)?;
        Ok(u32::from_le_bytes(out))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut out = [0; 8];
        self.try_fill_bytes(&mut out)?;
        Ok(u64::from_le_bytes(out))
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Self::Error> {
        for byte in dst {
            if self.used == self.bytes.len() {
                self.bytes = self.random.bytes();
                self.used = 0;
            }
            *byte = self.bytes.get(self.used).copied().unwrap_or_default();
            self.used += 1;
        }
        Ok(())
    }
}

impl std::fmt::Debug for Random {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Random")
    }
}
