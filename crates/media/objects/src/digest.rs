//! Everything that is computed over an upload's bytes, in one pass.

use md5::{Digest as _, Md5};

use crate::checksum::{Algorithm, Checksum, Summing};
use crate::ufile_hash::{self, UfileHash};

/// An MD5, the ETag of S3's simple uploads.
pub type Md5Sum = [u8; 16];

/// The MD5 of a few bytes.
#[must_use]
pub fn md5(bytes: &[u8]) -> Md5Sum {
    Md5::digest(bytes).into()
}

/// The digests of a body that still comes.
pub(crate) struct Digests {
    md5: Md5,
    ufile: UfileHash,
    checksum: Option<(Algorithm, Summing)>,
    len: u64,
}

/// The digests of a body.
#[derive(Clone, Debug)]
pub(crate) struct Sums {
    pub(crate) md5: Md5Sum,
    /// SHA-1 of each 4 MiB.
    pub(crate) blocks: Vec<u8>,
    pub(crate) checksum: Option<Checksum>,
    pub(crate) len: u64,
}

impl Digests {
    pub(crate) fn new(checksum: Option<Algorithm>) -> Self {
        let checksum = checksum.map(|algorithm| (algorithm, Summing::new(algorithm)));
        Self { md5: Md5::new(), ufile: UfileHash::default(), checksum, len: 0 }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.len += bytes.len() as u64;
        // In pieces that stay in the cache from one digest to the next.
        for piece in bytes.chunks(32 << 10) {
            self.md5.update(piece);
            self.ufile.update(piece);
            if let Some((_, summing)) = &mut self.checksum {
                summing.update(piece);
            }
        }
    }

    pub(crate) fn finish(self) -> Sums {
        let full =
            |(algorithm, summing): (Algorithm, Summing)| Checksum { algorithm, value: summing.finish(), full: true };
        Sums {
            md5: self.md5.finalize().into(),
            blocks: self.ufile.sums(),
            checksum: self.checksum.map(full),
            len: self.len,
        }
    }
}

impl Sums {
    /// S3's ETag, without quotes.
    pub(crate) fn etag(&self) -> String {
        hex(&self.md5)
    }

    /// UFile's ETag.
    pub(crate) fn ufile(&self) -> String {
        ufile_hash::etag(&self.blocks)
    }

    /// What makes two bodies of a tenant the same: MD5, SHA-1 over blocks and length together. Neither hash
    /// alone is safe against collisions made on purpose, but for other people's bytes to be answered a
    /// second preimage of both would be needed; a collision only meets whoever made both sides.
    pub(crate) fn content(&self) -> Vec<u8> {
        let mut content = ufile_hash::raw(&self.blocks);
        content.resize(ufile_hash::RAW, 0);
        content.extend_from_slice(&self.len.to_be_bytes());
        content.extend_from_slice(&self.md5);
        content
    }
}

/// Where the MD5 stands in [`Sums::content`], behind UFile's hash and the length: so the bytes of a hash and
/// a size are neighbours in the table's index.
pub(crate) const CONTENT_MD5: usize = ufile_hash::RAW + 8;

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(crate) fn unhex(text: &str) -> Option<Md5Sum> {
    let mut out = [0; 16];
    if text.len() != 32 || !text.is_ascii() {
        return None;
    }
    for (ix, byte) in out.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[ix * 2..ix * 2 + 2], 16).ok()?;
    }
    Some(out)
}

/// S3's ETag of an object made of parts: the MD5 over their MD5s, and how many.
pub(crate) fn composite_etag<'a>(parts: impl Iterator<Item = &'a str>) -> Option<String> {
    let (mut over, mut count) = (Md5::new(), 0);
    for etag in parts {
        over.update(unhex(etag)?);
        count += 1;
    }
    Some(format!("{}-{count}", hex(&over.finalize())))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn one_pass_gives_all() {
        let mut digests = Digests::new(Some(Algorithm::Crc32));
        digests.update(b"hello");
        let sums = digests.finish();
        assert_eq!(sums.etag(), "5d41402abc4b2a76b9719d911017c592");
        assert_eq!(unhex(&sums.etag()).unwrap(), sums.md5);
        assert_eq!(sums.checksum.as_ref().unwrap().value, "NhCmhg==");
        assert_eq!(&sums.content()[CONTENT_MD5..], &sums.md5);
        let two = composite_etag([sums.etag().as_str(), &sums.etag()].into_iter()).unwrap();
        assert!(two.ends_with("-2") && two.len() == 34);
        assert_eq!(composite_etag(["x"].into_iter()), None);
    }
}
