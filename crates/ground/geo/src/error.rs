//! What can be wrong with a place.

/// What can be wrong with a place. Each names the field and, where it can be told, the likely mistake.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum GeoError {
    /// Not a number, or infinite.
    #[error("{field} is not a finite number")]
    NotFinite {
        /// `lat` or `lon`.
        field: &'static str,
    },
    /// Outside the range of the globe.
    #[error("{field} is {value}, outside {min} to {max} degrees")]
    OutOfRange {
        /// `lat` or `lon`.
        field: &'static str,
        /// What was given, degrees.
        value: f64,
        /// The least that can be, degrees.
        min: f64,
        /// The most that can be, degrees.
        max: f64,
    },
    /// On the globe, but outside the area that is served.
    #[error("{lat}, {lon} lies outside the area{}", if *.maybe_swapped { "; latitude and longitude seem to be swapped" } else { "" })]
    OutsideArea {
        /// Latitude as given, degrees.
        lat: f64,
        /// Longitude as given, degrees.
        lon: f64,
        /// Whether the point would lie inside with its numbers swapped.
        maybe_swapped: bool,
    },
    /// A text that is no H3 cell.
    #[error("`{0}` is not an H3 cell: write its index as hexadecimal, like 892a1072b5bffff")]
    NotACell(String),
    /// An H3 resolution that does not exist.
    #[error("H3 has resolutions 0 to 15, not {0}")]
    NoSuchResolution(u8),
    /// A ring that encloses nothing.
    #[error("ring {ring} of the polygon has {points} points; at least 4 are needed, the last equal to the first")]
    BrokenRing {
        /// Which ring, 0 is the outer one.
        ring: usize,
        /// How many points it has.
        points: usize,
    },
}
