//! What a result is known by: equal keys are equal pictures.

use sha2::{Digest as _, Sha256};

/// Changes with everything that changes a result, the codecs among them.
const ENGINE: &str = concat!("doorstep-pictures ", env!("CARGO_PKG_VERSION"), " 1");

/// The hash of all that a result depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key([u8; 32]);

impl Key {
    /// The parts, each with its length, so that no two lists of parts read alike.
    pub(crate) fn of<'a>(parts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut hash = Sha256::new();
        for part in [ENGINE].into_iter().chain(parts) {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        Self(hash.finalize().into())
    }

    /// Half of it in hexadecimal: an ETag, without quotes.
    pub(crate) fn etag(&self) -> String {
        hex(&self.0[..16])
    }

    /// All of it in hexadecimal: a file's name.
    pub(crate) fn name(&self) -> String {
        hex(&self.0)
    }

    /// From a file's name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let digit = |at: usize| u8::from_str_radix(name.get(at..at + 2)?, 16).ok();
        let bytes: Vec<u8> = (0..name.len()).step_by(2).map(digit).collect::<Option<_>>()?;
        bytes.try_into().ok().map(Self)
    }
}

/// Bytes in small hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_tell_lists_apart() {
        let key = Key::of(["ab", "c"]);
        assert_ne!(key, Key::of(["a", "bc"]));
        assert_eq!((key.etag().len(), Key::parse(&key.name())), (32, Some(key)));
        assert_eq!(Key::parse("zz"), None);
        assert_eq!(Key::parse("é"), None);
    }
}
