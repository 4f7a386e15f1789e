//! Signed tokens: a promise that can be handed to a client and believed when it comes back.
//!
//! Form: `v1.<key id>.<base64url of JSON>.<base64url of HMAC-SHA256>` (RFC 2104, FIPS 180-4). The signature
//! covers the purpose, so that a token made for one thing never passes for another. Tokens do not expire by
//! themselves: what they say has a time in it, and who reads it asks the clock.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use doorstep_store::{Store, kv};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::{IdentityError, TokenError, secret};

/// Longest token that is looked at, in bytes.
pub const MAX_TOKEN: usize = 8 * 1024;
const SETTING: &str = "identity.signing_keys";

/// Signs and verifies tokens. Holds one key to sign with and older ones to verify with.
#[derive(Clone)]
pub struct Signer {
    /// The first signs.
    keys: Vec<SigningKey>,
}

#[derive(Clone, Serialize, Deserialize)]
struct SigningKey {
    kid: u32,
    key: [u8; 32],
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Never the keys.
        f.debug_struct("Signer").field("keys", &self.keys.len()).finish()
    }
}

#[derive(Serialize, Deserialize)]
struct Envelope<T> {
    #[serde(rename = "for")]
    purpose: String,
    body: T,
}

impl Signer {
    /// A signer with one given key; for tests and for keys that are kept elsewhere.
    #[must_use]
    pub fn with_key(key: [u8; 32]) -> Self {
        Self { keys: vec![SigningKey { kid: 1, key }] }
    }

    /// The signer whose keys are in the store; the first start makes a key.
    ///
    /// # Errors
    /// The store's, or no randomness.
    pub async fn load_or_create(store: &Store) -> Result<Self, IdentityError> {
        let fresh = vec![SigningKey { kid: 1, key: secret::random_bits()? }];
        let keys = store.write(move |tx| kv::put_if_absent(tx, SETTING, &fresh).map_err(IdentityError::from)).await?;
        Ok(Self { keys })
    }

    /// Makes a new key to sign with and keeps the last `keep` older ones to verify with.
    ///
    /// # Errors
    /// The store's, or no randomness.
    pub async fn rotate(store: &Store, keep: usize) -> Result<Self, IdentityError> {
        let key = secret::random_bits()?;
        let keys = store
            .write(move |tx| {
                let mut keys: Vec<SigningKey> = kv::get(tx, SETTING)?.unwrap_or_default();
                let kid = keys.first().map_or(1, |k| k.kid + 1);
                keys.insert(0, SigningKey { kid, key });
                keys.truncate(keep + 1);
                kv::put(tx, SETTING, &keys)?;
                Ok::<_, IdentityError>(keys)
            })
            .await?;
        Ok(Self { keys })
    }

    /// Signs `payload` for `purpose`.
    ///
    /// # Panics
    /// When `payload` cannot be written as JSON, which for plain data types does not happen.
    pub fn sign(&self, purpose: &str, payload: &impl Serialize) -> String {
        let key = self.keys.first().expect("a signer has a key");
        let envelope = Envelope { purpose: purpose.to_owned(), body: payload };
        let json = serde_json::to_vec(&envelope).expect("plain data can be written as JSON");
        let signed = format!("v1.{}.{}", key.kid, BASE64_URL_SAFE_NO_PAD.encode(json));
        let mac = BASE64_URL_SAFE_NO_PAD.encode(mac(&key.key, &signed).finalize().into_bytes());
        format!("{signed}.{mac}")
    }

    /// Gives back what was signed for `purpose`.
    ///
    /// # Errors
    /// [`TokenError`]: nothing of an altered token is believed or even parsed.
    pub fn verify<T: DeserializeOwned>(&self, purpose: &str, token: &str) -> Result<T, TokenError> {
        if token.len() > MAX_TOKEN {
            return Err(TokenError::Malformed);
        }
        let (signed, given) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let mut parts = signed.split('.');
        let (Some("v1"), Some(kid), Some(json), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return Err(TokenError::Malformed);
        };
        let kid: u32 = kid.parse().map_err(|_| TokenError::Malformed)?;
        let given = BASE64_URL_SAFE_NO_PAD.decode(given).map_err(|_| TokenError::Malformed)?;
        let key = self.keys.iter().find(|k| k.kid == kid).ok_or(TokenError::Altered)?;
        mac(&key.key, signed).verify_slice(&given).map_err(|_| TokenError::Altered)?;
        let json = BASE64_URL_SAFE_NO_PAD.decode(json).map_err(|_| TokenError::Malformed)?;
        let purposed: Envelope<serde::de::IgnoredAny> =
            serde_json::from_slice(&json).map_err(|_| TokenError::Malformed)?;
        if purposed.purpose != purpose {
            return Err(TokenError::WrongPurpose);
        }
        let envelope: Envelope<T> = serde_json::from_slice(&json).map_err(|_| TokenError::Malformed)?;
        Ok(envelope.body)
    }
}

fn mac(key: &[u8; 32], signed: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(signed.as_bytes());
    mac
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_token_comes_back() {
        let signer = Signer::with_key([7; 32]);
        let token = signer.sign("quote", &("ride", 12));
        assert_eq!(signer.verify::<(String, i32)>("quote", &token), Ok(("ride".into(), 12)));
        assert_eq!(signer.verify::<(String, i32)>("share", &token), Err(TokenError::WrongPurpose));
        assert_eq!(Signer::with_key([8; 32]).verify::<(String, i32)>("quote", &token), Err(TokenError::Altered));
        assert_eq!(signer.verify::<()>("quote", "v1.1.x"), Err(TokenError::Malformed));
        assert_eq!(signer.verify::<()>("quote", &"x".repeat(MAX_TOKEN + 1)), Err(TokenError::Malformed));
    }

    proptest! {
        #[test]
        fn an_altered_token_never_passes(at in 0_usize..400, to in any::<u8>()) {
            let signer = Signer::with_key([7; 32]);
            let token = signer.sign("quote", &serde_json::json!({"fare": 1234, "to": "Broadway"}));
            let mut bytes = token.into_bytes();
            let at = at % bytes.len();
            prop_assume!(bytes[at] != to);
            bytes[at] = to;
            if let Ok(altered) = String::from_utf8(bytes) {
                prop_assert!(signer.verify::<serde_json::Value>("quote", &altered).is_err());
            }
        }
    }

    #[tokio::test]
    async fn rotation_keeps_what_was_promised() {
        for store in doorstep_store::testing::stores(&[]) {
            let first = Signer::load_or_create(&store).await.unwrap();
            let token = first.sign("quote", &1);
            assert_eq!(Signer::load_or_create(&store).await.unwrap().verify::<i32>("quote", &token), Ok(1));
            let second = Signer::rotate(&store, 1).await.unwrap();
            assert_eq!(second.verify::<i32>("quote", &token), Ok(1));
            assert_eq!(
                Signer::rotate(&store, 1).await.unwrap().verify::<i32>("quote", &token),
                Err(TokenError::Altered)
            );
        }
    }
}
