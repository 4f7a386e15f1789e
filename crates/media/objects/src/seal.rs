//! Encryption at rest: whose key, the key of each blob, and frames that can be read from any place.
//!
//! A blob's bytes are encrypted under a key of its own, which lies beside the blob wrapped under somebody
//! else's: the node's, a named one, or the customer's. A frame is 64 KiB on disk, of which 16 bytes are the
//! tag of AES-256-GCM; its nonce is its number and whether it is the last one (the STREAM construction of
//! Hoang, Reyhanitabar, Rogaway and Vizár 2015). So a range costs only the frames that it touches, and a
//! frame that was changed, moved or cut off does not open. A frame is as long as a block of the store below.

use std::collections::BTreeSet;
use std::fmt;

use base64::prelude::{BASE64_STANDARD_NO_PAD, Engine as _};
use bytes::{Bytes, BytesMut};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Prk, Salt};
use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};

use crate::ObjectsError;
use crate::digest::{Sums, hex};

/// Bytes of a frame on disk.
const FRAME: usize = 64 << 10;
/// Bytes of a frame's tag.
const TAG: usize = 16;
/// Bytes that a frame carries.
pub(crate) const CARRIES: usize = FRAME - TAG;

/// Bytes on disk of so many bytes.
pub(crate) const fn sealed_len(plain: u64) -> u64 {
    plain + plain.div_ceil(CARRIES as u64) * TAG as u64
}

/// The other way round.
pub(crate) const fn plain_len(sealed: u64) -> u64 {
    sealed - sealed.div_ceil(FRAME as u64) * TAG as u64
}

/// The key that all keys of a node hang on, and the names that tenants may choose between.
#[derive(Clone)]
pub struct MasterKey {
    root: Prk,
    names: BTreeSet<String>,
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MasterKey").field("names", &self.names).finish_non_exhaustive()
    }
}

impl MasterKey {
    /// Keys that hang on `secret`, the same on all nodes of a store. Every name of `names` is a key of its
    /// own for each tenant.
    #[must_use]
    pub fn new(secret: &[u8; 32], names: impl IntoIterator<Item = String>) -> Self {
        let root = Salt::new(HKDF_SHA256, b"doorstep objects").extract(secret);
        Self { root, names: names.into_iter().collect() }
    }

    fn of(&self, tenant: &str, name: Option<&str>) -> Result<Wrapping, ObjectsError> {
        if let Some(name) = name.filter(|name| !self.names.contains(*name)) {
            return Err(ObjectsError::NoSuchMasterKey(name.to_owned()));
        }
        // Tenants' ids and names of keys have no zero byte: the parts cannot run into each other.
        let key = expand(&self.root, &[tenant.as_bytes(), &[0], name.unwrap_or_default().as_bytes()]);
        Ok(Wrapping { key })
    }
}

/// A key that its owner brings with each request and that is never stored.
#[derive(Clone)]
pub struct CustomerKey([u8; 32]);

impl fmt::Debug for CustomerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustomerKey(…)")
    }
}

impl CustomerKey {
    /// The 32 bytes of a key for AES-256.
    #[must_use]
    pub const fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    fn salted(&self, salt: &str) -> Prk {
        Salt::new(HKDF_SHA256, salt.as_bytes()).extract(&self.0)
    }

    fn wrapping(&self, salt: &str) -> Wrapping {
        Wrapping { key: expand(&self.salted(salt), &[b"wrap"]) }
    }

    /// What tells this key from others without giving it away.
    fn check(&self, salt: &str) -> String {
        hex(&expand(&self.salted(salt), &[b"check"])[..16])
    }
}

/// How a new object is to be encrypted.
#[derive(Clone, Debug, Default)]
pub enum Encrypt {
    /// As the bucket's default says.
    #[default]
    Default,
    /// Under the node's key.
    Node,
    /// Under the key of this name.
    Named(String),
    /// Under the customer's.
    Customer(CustomerKey),
}

/// Under whose key an object's bytes are; kept with what is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "by")]
pub enum Sealed {
    /// The node's.
    Node,
    /// A named one.
    Named {
        /// Its name.
        key: String,
    },
    /// The customer's.
    Customer {
        /// Random, for the check.
        salt: String,
        /// Tells the right key from others.
        check: String,
    },
}

impl Sealed {
    /// Lets a read through that brought what it takes, or says what is missing.
    pub(crate) fn admits(sealed: Option<&Self>, key: Option<&CustomerKey>) -> Result<(), ObjectsError> {
        match (sealed, key) {
            (Some(Self::Customer { salt, check }), Some(key)) if key.check(salt) == *check => Ok(()),
            (Some(Self::Customer { .. }), Some(_)) => {
                Err(ObjectsError::CustomerKey("it is another key than the object's"))
            }
            (Some(Self::Customer { .. }), None) => Err(ObjectsError::CustomerKey("the object's key is missing")),
            (_, Some(_)) => Err(ObjectsError::CustomerKey("the object is under no customer's key")),
            (_, None) => Ok(()),
        }
    }
}

/// Wraps keys of blobs.
struct Wrapping {
    key: [u8; 32],
}

fn expand(from: &Prk, info: &[&[u8]]) -> [u8; 32] {
    let mut key = [0; 32];
    let made = from.expand(info, HKDF_SHA256).and_then(|okm| okm.fill(&mut key));
    made.expect("32 bytes are what HKDF-SHA256 gives at once");
    key
}

fn cipher(key: &[u8; 32]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("the key has the algorithm's length"))
}

fn random<const N: usize>() -> Result<[u8; N], ObjectsError> {
    let mut bytes = [0; N];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| ObjectsError::InvalidState("the system gives no randomness".to_owned()))?;
    Ok(bytes)
}

impl Wrapping {
    fn wrap(&self, blob: &[u8; 32]) -> Result<String, ObjectsError> {
        let nonce: [u8; NONCE_LEN] = random()?;
        let mut sealed = blob.to_vec();
        let done = cipher(&self.key).seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(b"blob"),
            &mut sealed,
        );
        done.map_err(|_| ObjectsError::InvalidState("a key cannot be wrapped".to_owned()))?;
        Ok(BASE64_STANDARD_NO_PAD.encode([nonce.as_slice(), &sealed].concat()))
    }

    fn unwrap(&self, wrapped: &str) -> Option<[u8; 32]> {
        let mut bytes = BASE64_STANDARD_NO_PAD.decode(wrapped).ok()?;
        let nonce: [u8; NONCE_LEN] = bytes.get(..NONCE_LEN)?.try_into().ok()?;
        let nonce = Nonce::assume_unique_for_key(nonce);
        let opened = cipher(&self.key).open_in_place(nonce, Aad::from(b"blob"), bytes.get_mut(NONCE_LEN..)?).ok()?;
        <[u8; 32]>::try_from(&*opened).ok()
    }
}

/// A blob's key as it lies in the blob's row.
#[derive(Serialize, Deserialize)]
struct Seal {
    #[serde(flatten)]
    by: By,
    key: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "by")]
enum By {
    Node,
    Named { name: String },
    Customer { salt: String },
}

/// A key for one new blob, and what is written down of it.
pub(crate) struct Sealing {
    key: [u8; 32],
    /// For the blob's row.
    pub(crate) seal: String,
    /// Equal bytes under keys of this kind are one blob; `None` when no two may be.
    shared: Option<[u8; 32]>,
    /// For ETags that tell nothing of the bytes, the same within an object.
    tags: [u8; 32],
}

/// A master key and the tenant whose it is used for.
pub(crate) struct Sealer<'a> {
    pub(crate) master: Option<&'a MasterKey>,
    pub(crate) tenant: &'a str,
}

impl Sealer<'_> {
    fn master(&self, name: Option<&str>) -> Result<Wrapping, ObjectsError> {
        let master = self.master.ok_or(ObjectsError::NoMasterKey)?;
        master.of(self.tenant, name)
    }

    /// What an object encrypted like this says of it.
    pub(crate) fn describe(&self, encrypt: &Encrypt) -> Result<Option<Sealed>, ObjectsError> {
        Ok(match encrypt {
            Encrypt::Default => None,
            Encrypt::Node => {
                self.master(None)?;
                Some(Sealed::Node)
            }
            Encrypt::Named(name) => {
                self.master(Some(name))?;
                Some(Sealed::Named { key: name.clone() })
            }
            Encrypt::Customer(key) => {
                let salt = hex(&random::<16>()?);
                Some(Sealed::Customer { check: key.check(&salt), salt })
            }
        })
    }

    /// A fresh key for a blob of such an object.
    pub(crate) fn begin(&self, sealed: &Sealed, customer: Option<&CustomerKey>) -> Result<Sealing, ObjectsError> {
        Sealed::admits(Some(sealed), customer)?;
        let mut tags = [0; 32];
        let (by, wrapping, shared) = match (sealed, customer) {
            (Sealed::Customer { salt: object, .. }, Some(customer)) => {
                tags = expand(&customer.salted(object), &[b"etag"]);
                let salt = hex(&random::<16>()?);
                let wrapping = customer.wrapping(&salt);
                (By::Customer { salt }, wrapping, false)
            }
            (Sealed::Named { key }, _) => (By::Named { name: key.clone() }, self.master(Some(key))?, true),
            _ => (By::Node, self.master(None)?, true),
        };
        let key = random::<32>()?;
        let seal = Seal { by, key: wrapping.wrap(&key)? };
        let shared = shared.then(|| expand(&Salt::new(HKDF_SHA256, b"dedup").extract(&wrapping.key), &[b"content"]));
        let seal = serde_json::to_string(&seal).expect("a seal has string keys");
        Ok(Sealing { key, seal, shared, tags })
    }

    /// The key of a blob, out of its row.
    pub(crate) fn open(&self, seal: &str, customer: Option<&CustomerKey>) -> Result<BlobKey, ObjectsError> {
        let lost =
            || ObjectsError::InvalidState("the key of the bytes does not open: the node key is another one".to_owned());
        let seal: Seal = serde_json::from_str(seal).map_err(|_| lost())?;
        let wrapping = match &seal.by {
            By::Node => self.master(None)?,
            By::Named { name } => self.master(Some(name))?,
            By::Customer { salt } => {
                customer.ok_or(ObjectsError::CustomerKey("the object's key is missing"))?.wrapping(salt)
            }
        };
        wrapping.unwrap(&seal.key).map(|key| BlobKey(cipher(&key))).ok_or_else(lost)
    }
}

impl Sealing {
    /// What makes two bodies the same under keys of this kind: keyed, so that the table tells nothing of the
    /// bytes. A customer's bytes are never shared.
    pub(crate) fn content(&self, sums: &Sums) -> Result<Vec<u8>, ObjectsError> {
        Ok(match &self.shared {
            Some(key) => {
                let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), &sums.content());
                [b"s", tag.as_ref()].concat()
            }
            None => [b"c", random::<32>()?.as_slice()].concat(),
        })
    }

    /// An ETag that tells nothing of the bytes; a part that comes again has the same.
    pub(crate) fn etag(&self, sums: &Sums) -> String {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &self.tags), &sums.md5);
        hex(&tag.as_ref()[..16])
    }

    /// Whether the bytes may be told by their hash.
    pub(crate) const fn is_shared(&self) -> bool {
        self.shared.is_some()
    }

    pub(crate) fn frames(&self) -> Frames {
        Frames { key: BlobKey(cipher(&self.key)), waiting: BytesMut::new(), number: 0 }
    }
}

/// Opens and seals the frames of one blob.
pub(crate) struct BlobKey(LessSafeKey);

fn nonce(number: u64, last: bool) -> Nonce {
    let mut nonce = [0; NONCE_LEN];
    nonce[0] = u8::from(last);
    nonce[4..].copy_from_slice(&number.to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}

impl BlobKey {
    fn seal(&self, number: u64, last: bool, mut frame: BytesMut) -> Bytes {
        // Only a frame of gigabytes cannot be sealed.
        let tag = self.0.seal_in_place_separate_tag(nonce(number, last), Aad::empty(), &mut frame);
        frame.extend_from_slice(tag.expect("a frame is 64 KiB").as_ref());
        frame.freeze()
    }

    /// The bytes of a frame; `None` if it is not the one that was written here.
    pub(crate) fn open(&self, number: u64, last: bool, mut frame: BytesMut) -> Option<Bytes> {
        let len = self.0.open_in_place(nonce(number, last), Aad::empty(), &mut frame).ok()?.len();
        frame.truncate(len);
        Some(frame.freeze())
    }
}

/// Cuts bytes into frames and seals them.
pub(crate) struct Frames {
    key: BlobKey,
    waiting: BytesMut,
    number: u64,
}

impl Frames {
    /// Takes bytes and gives back the frames that are full. The last one is kept until the end is known.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<Bytes> {
        self.waiting.extend_from_slice(bytes);
        let mut frames = Vec::new();
        while self.waiting.len() > CARRIES {
            let frame = self.waiting.split_to(CARRIES);
            frames.push(self.key.seal(self.number, false, frame));
            self.number += 1;
        }
        frames
    }

    /// The last frame; none for no bytes at all.
    pub(crate) fn finish(self) -> Option<Bytes> {
        (!self.waiting.is_empty()).then(|| self.key.seal(self.number, true, self.waiting))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn master() -> MasterKey {
        MasterKey::new(&[7; 32], ["photos".to_owned()])
    }

    fn sealer<'a>(master: &'a MasterKey, tenant: &'a str) -> Sealer<'a> {
        Sealer { master: Some(master), tenant }
    }

    fn frames(sealing: &Sealing, data: &[u8], pieces: usize) -> Vec<u8> {
        let mut frames = sealing.frames();
        let mut out: Vec<u8> = data.chunks(pieces.max(1)).flat_map(|piece| frames.push(piece)).flatten().collect();
        out.extend(frames.finish().into_iter().flatten());
        out
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn lengths_go_there_and_back(len in 0_u64..1 << 40) {
            prop_assert_eq!(plain_len(sealed_len(len)), len);
        }

        #[test]
        fn what_was_sealed_opens_and_a_flipped_bit_does_not(len in 0_usize..200_000, pieces in 1_usize..90_000, flip in any::<usize>()) {
            let (master, data) = (master(), (0..len).map(|n| n as u8).collect::<Vec<_>>());
            let sealing = sealer(&master, "main").begin(&Sealed::Node, None).unwrap();
            let mut on_disk = frames(&sealing, &data, pieces);
            prop_assert_eq!(on_disk.len() as u64, sealed_len(len as u64));
            let key = sealer(&master, "main").open(&sealing.seal, None).unwrap();
            let open = |on_disk: &[u8]| {
                let count = on_disk.len().div_ceil(FRAME);
                let opened = on_disk.chunks(FRAME).enumerate();
                let opened = opened.map(|(ix, frame)| key.open(ix as u64, ix + 1 == count, BytesMut::from(frame)));
                opened.collect::<Option<Vec<_>>>().map(|frames| frames.concat())
            };
            prop_assert_eq!(open(&on_disk), Some(data));
            if !on_disk.is_empty() {
                let at = flip % on_disk.len();
                on_disk[at] ^= 1;
                prop_assert_eq!(open(&on_disk), None);
            }
        }
    }

    #[test]
    fn frames_cannot_be_cut_off_or_change_places() {
        let master = master();
        let sealing = sealer(&master, "main").begin(&Sealed::Node, None).unwrap();
        let on_disk = frames(&sealing, &vec![0; CARRIES * 2], 1000);
        assert_eq!(on_disk.len(), FRAME * 2);
        let key = sealer(&master, "main").open(&sealing.seal, None).unwrap();
        let first = || BytesMut::from(&on_disk[..FRAME]);
        assert!(key.open(0, false, first()).is_some());
        assert!(key.open(0, true, first()).is_none());
        assert!(key.open(1, false, first()).is_none());
    }

    #[test]
    fn keys_of_others_do_not_open() {
        let master = master();
        let mine = sealer(&master, "main");
        let sealing = mine.begin(&Sealed::Node, None).unwrap();
        assert!(mine.open(&sealing.seal, None).is_ok());
        assert!(sealer(&master, "other").open(&sealing.seal, None).is_err());
        assert!(sealer(&MasterKey::new(&[8; 32], []), "main").open(&sealing.seal, None).is_err());
        assert!(Sealer { master: None, tenant: "main" }.open(&sealing.seal, None).is_err());
        let named = mine.begin(&Sealed::Named { key: "photos".to_owned() }, None).unwrap();
        assert!(mine.open(&named.seal, None).is_ok());
        assert!(matches!(mine.describe(&Encrypt::Named("none".to_owned())), Err(ObjectsError::NoSuchMasterKey(_))));
    }

    #[test]
    fn a_customers_key_is_wanted_and_not_kept() {
        let master = master();
        let (right, wrong) = (CustomerKey::new([1; 32]), CustomerKey::new([2; 32]));
        let mine = sealer(&master, "main");
        let sealed = mine.describe(&Encrypt::Customer(right.clone())).unwrap().unwrap();
        assert!(Sealed::admits(Some(&sealed), Some(&right)).is_ok());
        for bad in [Some(&wrong), None] {
            assert!(Sealed::admits(Some(&sealed), bad).is_err());
            assert!(mine.begin(&sealed, bad).is_err());
        }
        assert!(Sealed::admits(None, Some(&right)).is_err());
        let sealing = mine.begin(&sealed, Some(&right)).unwrap();
        assert!(mine.open(&sealing.seal, Some(&right)).is_ok());
        assert!(mine.open(&sealing.seal, Some(&wrong)).is_err());
        assert!(!sealing.is_shared());
        let sums = crate::digest::Digests::new(None).finish();
        assert_ne!(sealing.content(&sums).unwrap(), sealing.content(&sums).unwrap());
    }
}
