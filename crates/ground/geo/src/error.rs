//! What can be wrong with a place.

/// A refusal of this crate; each names the field and what would be accepted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum GeoError {
    /// A coordinate that is no number.
    #[error("{field} must be a finite number of degrees")]
    NotFinite {
        /// `lat` or `lon`.
        field: &'static str,
    },
    /// A coordinate that is on no globe.
    #[error("{field} {value} is out of range; give degrees from {min} to {max}")]
    OutOfRange {
        /// `lat` or `lon`.
        field: &'static str,
        /// The value as it was given, degrees.
        value: f64,
        /// The least value accepted, degrees.
        min: f64,
        /// The largest value accepted, degrees.
        max: f64,
    },
    /// A point that is on the globe but not where it should be.
    #[error(
        "lat {lat}, lon {lon} is outside the area{}",
        if *maybe_swapped { "; with lat and lon exchanged it would be inside" } else { "" }
    )]
    OutsideArea {
        /// Latitude as it was given, degrees.
        lat: f64,
        /// Longitude as it was given, degrees.
        lon: f64,
        /// Whether exchanging latitude and longitude would bring it inside.
        maybe_swapped: bool,
    },
    /// South above north or west beyond east.
    #[error(
        "the box is empty: south {south} must not exceed north {north}, nor west {west} east {east}"
    )]
    EmptyBox {
        /// Degrees.
        south: f64,
        /// Degrees.
        west: f64,
        /// Degrees.
        north: f64,
        /// Degrees.
        east: f64,
    },
    /// A ring that encloses nothing.
    #[error(
        "ring {ring} of the polygon has {points} points; a ring needs four, the last equal to the first"
    )]
    BadRing {
        /// Counted from 0; 0 is the outer ring.
        ring: usize,
        /// How many points it has.
        points: usize,
    },
    /// A text that is no H3 cell.
    #[error("{text:?} is not an H3 cell; give its 15 hexadecimal digits")]
    BadCell {
        /// The text as it was given.
        text: String,
    },
}

impl GeoError {
    /// The field the refusal is about, where there is one.
    #[must_use]
    pub const fn field(&self) -> Option<&'static str> {
        match self {
            Self::NotFinite { field } | Self::OutOfRange { field, .. } => Some(field),
            _ => None,
        }
    }
}
