//! The checksums that callers may ask for, over one body or put together from parts.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use crc_fast::{CrcAlgorithm, checksum_combine};
use serde::{Deserialize, Serialize};
use sha1::{Digest as _, Sha1};
use sha2::Sha256;

/// A kind of checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// CRC-32 as in gzip.
    Crc32,
    /// CRC-32C (Castagnoli).
    Crc32c,
    /// CRC-64/NVME.
    Crc64nvme,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Crc32, Self::Crc32c, Self::Crc64nvme, Self::Sha1, Self::Sha256];

    /// The name that S3 uses in lists and headers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    /// From that name, in any case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.as_str().eq_ignore_ascii_case(text))
    }

    const fn crc(self) -> Option<CrcAlgorithm> {
        match self {
            Self::Crc32 => Some(CrcAlgorithm::Crc32IsoHdlc),
            Self::Crc32c => Some(CrcAlgorithm::Crc32Iscsi),
            Self::Crc64nvme => Some(CrcAlgorithm::Crc64Nvme),
            Self::Sha1 | Self::Sha256 => None,
        }
    }

    /// Whether the checksum of the whole can be put together from those of parts.
    #[must_use]
    pub const fn combines(self) -> bool {
        self.crc().is_some()
    }
}

/// A checksum of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checksum {
    /// Its kind.
    pub algorithm: Algorithm,
    /// Base64; a composite one ends with `-` and the number of parts.
    pub value: String,
    /// Whether it is over the whole object, not over its parts' checksums.
    pub full: bool,
}

/// A checksum that is being computed.
pub(crate) enum Summing {
    Crc(CrcAlgorithm, crc_fast::Digest),
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Summing {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Sha1 => Self::Sha1(Sha1::new()),
            Algorithm::Sha256 => Self::Sha256(Sha256::new()),
            Algorithm::Crc32 | Algorithm::Crc32c | Algorithm::Crc64nvme => {
                let crc = algorithm.crc().expect("these three are CRCs");
                Self::Crc(crc, crc_fast::Digest::new(crc))
            }
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Crc(_, digest) => digest.update(bytes),
            Self::Sha1(digest) => digest.update(bytes),
            Self::Sha256(digest) => digest.update(bytes),
        }
    }

    pub(crate) fn finish(self) -> String {
        match self {
            Self::Crc(kind, digest) => encode_crc(kind, digest.finalize()),
            Self::Sha1(digest) => BASE64_STANDARD.encode(digest.finalize()),
            Self::Sha256(digest) => BASE64_STANDARD.encode(digest.finalize()),
        }
    }
}

fn encode_crc(kind: CrcAlgorithm, value: u64) -> String {
    match kind {
        CrcAlgorithm::Crc64Nvme => BASE64_STANDARD.encode(value.to_be_bytes()),
        _ => BASE64_STANDARD.encode((value as u32).to_be_bytes()),
    }
}

fn decode_crc(value: &str) -> Option<u64> {
    let bytes = BASE64_STANDARD.decode(value).ok()?;
    (bytes.len() <= 8).then(|| bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

/// The checksum of the whole out of the parts' `(value, bytes)`; `None` when a part has none or the kind
/// cannot be put together so.
pub(crate) fn combine(algorithm: Algorithm, full: bool, parts: &[(Option<&str>, u64)]) -> Option<Checksum> {
    if full {
        let crc = algorithm.crc()?;
        let mut sums = parts.iter().map(|(value, len)| Some((decode_crc((*value)?)?, *len)));
        let (mut sum, _) = sums.next()??;
        for part in sums {
            let (value, len) = part?;
            sum = checksum_combine(crc, sum, value, len);
        }
        return Some(Checksum { algorithm, value: encode_crc(crc, sum), full: true });
    }
    let mut over = Summing::new(algorithm);
    for (value, _) in parts {
        over.update(&BASE64_STANDARD.decode((*value)?).ok()?);
    }
    Some(Checksum { algorithm, value: format!("{}-{}", over.finish(), parts.len()), full: false })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn sum(algorithm: Algorithm, bytes: &[u8]) -> String {
        let mut summing = Summing::new(algorithm);
        summing.update(bytes);
        summing.finish()
    }

    #[test]
    fn known_answers() {
        let text = b"123456789";
        assert_eq!(sum(Algorithm::Crc32, text), BASE64_STANDARD.encode(0xcbf4_3926_u32.to_be_bytes()));
        assert_eq!(sum(Algorithm::Crc32c, text), BASE64_STANDARD.encode(0xe306_9283_u32.to_be_bytes()));
        assert_eq!(sum(Algorithm::Crc64nvme, text), BASE64_STANDARD.encode(0xae8b_1486_0a79_9888_u64.to_be_bytes()));
        assert_eq!(sum(Algorithm::Sha1, b"abc"), "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=");
    }

    #[test]
    fn parts_make_the_whole() {
        let bytes: Vec<u8> = (0..50_000_u32).map(|n| n as u8).collect();
        for algorithm in [Algorithm::Crc32, Algorithm::Crc32c, Algorithm::Crc64nvme] {
            let sums: Vec<(String, u64)> =
                bytes.chunks(12_345).map(|part| (sum(algorithm, part), part.len() as u64)).collect();
            let parts: Vec<(Option<&str>, u64)> = sums.iter().map(|(s, n)| (Some(s.as_str()), *n)).collect();
            assert_eq!(combine(algorithm, true, &parts).unwrap().value, sum(algorithm, &bytes));
            assert!(combine(algorithm, false, &parts).unwrap().value.ends_with("-5"));
        }
        assert_eq!(combine(Algorithm::Sha256, true, &[(Some("AAAA"), 1)]), None);
        assert_eq!(combine(Algorithm::Crc32, true, &[(None, 1)]), None);
    }
}
