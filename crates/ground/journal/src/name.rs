//! Names of streams and consumers: they become file names as they are.

use crate::JournalError;

const MAX_LENGTH: usize = 120;

pub(crate) fn check(what: &'static str, name: &str) -> Result<(), JournalError> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    if name.is_empty() || name.len() > MAX_LENGTH || name.starts_with('.') || !name.bytes().all(allowed) {
        return Err(JournalError::Name { what, name: name.to_owned() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing_leaves_the_folder() {
        for good in ["orders.porto", "a", "A-1_b"] {
            assert!(super::check("stream", good).is_ok(), "{good}");
        }
        for bad in ["", ".", "..", ".hidden", "a/b", "a\\b", "ä", "a b", "x\0", &"n".repeat(121)] {
            assert!(super::check("stream", bad).is_err(), "{bad}");
        }
    }
}
