//! Numbers of bytes.

use bytesize::ByteSize;

/// A number of bytes as people read it, in powers of 1000, as disks and networks count: `4.7 MB`.
pub fn for_people(bytes: u64) -> String {
    ByteSize::b(bytes).display().si().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_at_a_glance() {
        let shown = [0, 999, 1500, 7_654_321, 999_900_000, 1_234_000_000].map(for_people);
        assert_eq!(shown, ["0 B", "999 B", "1.5 kB", "7.7 MB", "999.9 MB", "1.2 GB"]);
    }
}
