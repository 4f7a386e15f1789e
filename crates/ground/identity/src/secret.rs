//! Secrets: made of the operating system's randomness, kept only as hashes, compared in constant time.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use sha2::{Digest as _, Sha256};

use crate::IdentityError;

/// 256 bits of the operating system's randomness.
pub(crate) fn random_bits() -> Result<[u8; 32], IdentityError> {
    let mut bits = [0; 32];
    getrandom::fill(&mut bits).map_err(|e| IdentityError::Entropy(e.to_string()))?;
    Ok(bits)
}

/// A new secret as text (43 characters). None begins with `-`, which command lines take for an option (beeline's
/// `-p SECRET`): that is one in 64 of all.
pub(crate) fn new_secret() -> Result<String, IdentityError> {
    loop {
        let secret = BASE64_URL_SAFE_NO_PAD.encode(random_bits()?);
        if !secret.starts_with('-') {
            return Ok(secret);
        }
    }
}

/// What is kept of a secret. A plain hash is enough for 256 random bits: there is nothing to guess, which
/// is what slow password hashes are for.
pub(crate) fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// Compares in a time that does not depend on where two hashes differ.
pub(crate) fn same(a: &[u8; 32], b: &[u8; 32]) -> bool {
    std::hint::black_box(a.iter().zip(b).fold(0, |diff, (x, y)| diff | (x ^ y))) == 0
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_looks_like_an_option() {
        // Of so many, 31 would.
        for _ in 0..2000 {
            let secret = new_secret().unwrap();
            assert!(secret.len() == 43 && !secret.starts_with('-'), "{secret}");
        }
    }
}
