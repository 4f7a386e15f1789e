//! Byte ranges as HTTP has them, and what they mean for an object of a size.

use std::ops::Range;

use crate::ObjectsError;

/// One range of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteRange {
    /// `bytes=first-last`, both included; without a last byte to the end.
    From {
        /// The first byte.
        first: u64,
        /// The last byte.
        last: Option<u64>,
    },
    /// `bytes=-n`: the last n bytes.
    Last(u64),
}

impl ByteRange {
    /// Reads `bytes=…`. `None` when it is no single range in this form: HTTP says to ignore it then.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.strip_prefix("bytes=")?.trim().split_once('-')?;
        let number = |text: &str| {
            let text = text.trim();
            if text.bytes().all(|b| b.is_ascii_digit()) { text.parse::<u64>().ok() } else { None }
        };
        match (first.trim().is_empty(), last.trim().is_empty()) {
            (true, true) => None,
            (true, false) => Some(Self::Last(number(last)?)),
            (false, true) => Some(Self::From { first: number(first)?, last: None }),
            (false, false) => {
                let (first, last) = (number(first)?, number(last)?);
                (first <= last).then_some(Self::From { first, last: Some(last) })
            }
        }
    }

    /// The bytes of an object of `size` bytes.
    ///
    /// # Errors
    /// [`ObjectsError::InvalidRange`] when none of them is in the object.
    pub fn of(self, size: u64) -> Result<Range<u64>, ObjectsError> {
        let range = match self {
            Self::From { first, last } => first..last.map_or(size, |last| last.saturating_add(1)).min(size),
            Self::Last(n) => size.saturating_sub(n)..size,
        };
        if range.start < range.end { Ok(range) } else { Err(ObjectsError::InvalidRange { size }) }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let of = |text: &str| ByteRange::parse(text).map(|r| r.of(10).ok());
        assert_eq!(of("bytes=0-3"), Some(Some(0..4)));
        assert_eq!(of("bytes=4-"), Some(Some(4..10)));
        assert_eq!(of("bytes=-3"), Some(Some(7..10)));
        assert_eq!(of("bytes=-99"), Some(Some(0..10)));
        assert_eq!(of("bytes=8-99"), Some(Some(8..10)));
        assert_eq!(of("bytes=10-"), Some(None));
        assert_eq!(of("bytes=-0"), Some(None));
        for ignored in ["bytes=", "bytes=-", "bytes=5-4", "bytes=a-b", "bytes=0-1,3-4", "items=0-1", "bytes=+1-2"] {
            assert_eq!(of(ignored), None, "{ignored}");
        }
        assert!(ByteRange::Last(5).of(0).is_err());
    }
}
