//! Random bytes from the operating system, for secrets only.

use rand::TryRng;
use rand::rngs::SysRng;

use crate::ClockError;

/// `N` random bytes from the operating system: for keys and secrets, never for a decision.
///
/// # Errors
/// [`ClockError::Entropy`] when the operating system refuses.
pub fn entropy<const N: usize>() -> Result<[u8; N], ClockError> {
    let mut bytes = [0u8; N];
    SysRng
        .try_fill_bytes(&mut bytes)
        .map_err(|e| ClockError::Entropy {
            reason: e.to_string(),
        })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn two_draws_differ() {
        assert_ne!(entropy::<32>().unwrap(), entropy::<32>().unwrap());
    }
}
