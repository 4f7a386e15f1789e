//! The vault: seals what has to come back as it was, under a key that is not in the store.
//!
//! A signature such as SigV4 is an HMAC with the secret itself, so a hash of the secret cannot check it. The
//! secret of an access key is therefore kept sealed (AES-256-GCM, bound to the key's id) under a node key,
//! which lies in a file of its own: whoever has the store alone has no secret.

use std::io::Write as _;
use std::path::Path;

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine as _};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Prk, Salt};

use crate::{IdentityError, secret};

/// Seals and opens. Clones are not needed: share it behind an `Arc`.
pub struct Vault {
    seals: LessSafeKey,
    root: Prk,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault(…)")
    }
}

impl Vault {
    /// A vault under this key.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        let root = Salt::new(HKDF_SHA256, b"doorstep node key").extract(key);
        let key = UnboundKey::new(&AES_256_GCM, key).expect("the key has the algorithm's length");
        Self { seals: LessSafeKey::new(key), root }
    }

    /// Another key that hangs on the node key (HKDF-SHA256, RFC 5869), the same for the same purpose. Whoever
    /// has it learns nothing of the node key or of other purposes' keys.
    ///
    /// # Panics
    /// Never: 32 bytes are within what HKDF gives.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        let mut key = [0; 32];
        let info = [purpose.as_bytes()];
        let made = self.root.expand(&info, HKDF_SHA256).and_then(|okm| okm.fill(&mut key));
        made.expect("32 bytes are what HKDF-SHA256 gives at once");
        key
    }

    /// A vault under the key in `file`, base64; the file is made on the first start, readable by its owner only.
    ///
    /// # Errors
    /// [`IdentityError::Vault`] when the file cannot be read or made or holds no key; no randomness.
    pub fn load_or_create(file: &Path) -> Result<Self, IdentityError> {
        let failed = |reason: String| IdentityError::Vault { file: file.display().to_string(), reason };
        match std::fs::read_to_string(file) {
            Ok(text) => Self::from_text(&text).ok_or_else(|| failed("it does not hold 32 bytes in base64".to_owned())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let bits = secret::random_bits()?;
                match keep(file, &BASE64_STANDARD.encode(bits)) {
                    Ok(()) => Ok(Self::new(&bits)),
                    // Another process was first: its key counts.
                    Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Self::load_or_create(file),
                    Err(error) => Err(failed(error.to_string())),
                }
            }
            Err(error) => Err(failed(error.to_string())),
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        let bits = BASE64_STANDARD.decode(text.trim()).ok()?;
        Some(Self::new(&bits.try_into().ok()?))
    }

    /// Seals `secret`; only a call with the same `context` opens it.
    ///
    /// # Errors
    /// No randomness.
    pub fn seal(&self, context: &str, secret: &str) -> Result<String, IdentityError> {
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce).map_err(|e| IdentityError::Entropy(e.to_string()))?;
        let mut sealed = secret.as_bytes().to_vec();
        self.seals
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context.as_bytes()), &mut sealed)
            .map_err(|_| IdentityError::Entropy("sealing failed".to_owned()))?;
        Ok(BASE64_URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat()))
    }

    /// Opens what was sealed here with this context; `None` for anything else.
    #[must_use]
    pub fn open(&self, context: &str, sealed: &str) -> Option<String> {
        let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let nonce: [u8; NONCE_LEN] = bytes.get(..NONCE_LEN)?.try_into().ok()?;
        let nonce = Nonce::assume_unique_for_key(nonce);
        let opened =
            self.seals.open_in_place(nonce, Aad::from(context.as_bytes()), bytes.get_mut(NONCE_LEN..)?).ok()?;
        String::from_utf8(opened.to_vec()).ok()
    }
}

/// Writes beside and links into place: a reader sees all of it or nothing, and the first writer wins.
fn keep(file: &Path, text: &str) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    if let Some(folder) = file.parent().filter(|p| !p.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".{}", std::process::id()));
    let beside = Path::new(&name);
    let mut new = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(beside)?;
    new.write_all(text.as_bytes())?;
    new.write_all(b"\n")?;
    new.sync_all()?;
    let linked = std::fs::hard_link(beside, file);
    std::fs::remove_file(beside)?;
    linked
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_and_context_open() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("deep/node.key");
        let vault = Vault::load_or_create(&file).unwrap();
        let sealed = vault.seal("key_1", "s3cr3t").unwrap();
        assert!(!sealed.contains("s3cr3t"));
        let again = Vault::load_or_create(&file).unwrap();
        assert_eq!(again.open("key_1", &sealed).as_deref(), Some("s3cr3t"));
        assert_eq!(again.open("key_2", &sealed), None);
        assert_eq!(Vault::new(&[0; 32]).open("key_1", &sealed), None);
        for bad in ["", "AAAA", "?", &sealed[1..]] {
            assert_eq!(again.open("key_1", bad), None);
        }
        assert_eq!(again.derive("objects"), vault.derive("objects"));
        assert_ne!(again.derive("objects"), again.derive("other"));
        assert_ne!(again.derive("objects"), Vault::new(&[0; 32]).derive("objects"));
        std::fs::write(&file, "short").unwrap();
        assert!(matches!(Vault::load_or_create(&file), Err(IdentityError::Vault { .. })));
        assert_eq!(std::fs::read_dir(dir.path().join("deep")).unwrap().count(), 1);
    }
}
