//! Names of blobs and where their bytes are, with one text form for a table's column.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::BlobsError;

/// Name of a blob: unique for ever, in the order of creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobId(pub(crate) Uuid);

impl BlobId {
    /// A new one.
    #[must_use]
    pub fn fresh() -> Self {
        Self(Uuid::now_v7())
    }

    pub(crate) fn seed(self) -> [u8; 16] {
        *self.0.as_bytes()
    }

    /// The two digits of its folder; from the random end, so that folders fill evenly.
    pub(crate) fn folder(self) -> u8 {
        self.0.as_bytes()[15]
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.simple())
    }
}

impl FromStr for BlobId {
    type Err = BlobsError;

    fn from_str(text: &str) -> Result<Self, BlobsError> {
        Uuid::try_parse(text).map(Self).map_err(|_| BlobsError::BadPlace(text.chars().take(64).collect()))
    }
}

/// Where a blob's bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// In a file of its own.
    File(BlobId),
    /// In a pack segment.
    Pack {
        /// Which blob.
        id: BlobId,
        /// Number of the segment.
        segment: u32,
        /// Byte of the segment at which its frames begin.
        offset: u64,
    },
    /// An object of the store behind.
    Remote(BlobId),
}

impl Place {
    /// The blob's name.
    #[must_use]
    pub const fn id(&self) -> BlobId {
        match self {
            Self::File(id) | Self::Remote(id) | Self::Pack { id, .. } => *id,
        }
    }

    /// The pack segment that it is in, if any.
    #[must_use]
    pub const fn segment(&self) -> Option<u32> {
        match self {
            Self::Pack { segment, .. } => Some(*segment),
            Self::File(_) | Self::Remote(_) => None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(id) => write!(f, "f:{id}"),
            Self::Remote(id) => write!(f, "r:{id}"),
            Self::Pack { id, segment, offset } => write!(f, "p:{id}:{segment}:{offset}"),
        }
    }
}

impl FromStr for Place {
    type Err = BlobsError;

    fn from_str(text: &str) -> Result<Self, BlobsError> {
        let bad = || BlobsError::BadPlace(text.chars().take(100).collect());
        let mut words = text.split(':');
        let kind = words.next().ok_or_else(bad)?;
        let id: BlobId = words.next().ok_or_else(bad)?.parse()?;
        let place = match kind {
            "f" => Self::File(id),
            "r" => Self::Remote(id),
            "p" => {
                let segment = words.next().and_then(|w| w.parse().ok()).ok_or_else(bad)?;
                let offset = words.next().and_then(|w| w.parse().ok()).ok_or_else(bad)?;
                Self::Pack { id, segment, offset }
            }
            _ => return Err(bad()),
        };
        if words.next().is_some() { Err(bad()) } else { Ok(place) }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        let id = BlobId::fresh();
        for place in [Place::File(id), Place::Remote(id), Place::Pack { id, segment: 7, offset: u64::MAX }] {
            assert_eq!(place.to_string().parse::<Place>().unwrap(), place);
        }
        for bad in ["", "f", "f:", "x:0", "p:1", &format!("p:{id}:1"), &format!("f:{id}:1"), "f:../../etc"] {
            assert!(bad.parse::<Place>().is_err(), "{bad}");
        }
    }
}
