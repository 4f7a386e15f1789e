//! One position a line: the reader of NDJSON. Pure, as [`super::json`] is; the fuzz target `position_lines` takes
//! both files as they are.

use doorstep_city::live::PositionReport;
use doorstep_clock::Timestamp;
use doorstep_geo::{GeoError, Point};
use doorstep_orders::DriverId;
use serde::Deserialize;

use super::json::{self, Fault};

/// Longest line, in bytes.
pub(crate) const LINE: usize = 4096;
/// Fastest that anybody drives, metres a second: 360 km/h.
const FASTEST_MPS: f32 = 100.0;

/// A line.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    driver: DriverId,
    lat: f64,
    lon: f64,
    #[serde(default)]
    at: Option<Timestamp>,
    #[serde(default)]
    bearing: Option<f32>,
    #[serde(default)]
    speed_mps: Option<f32>,
}

/// Why a line was not taken.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum LineFault {
    /// It has more than [`LINE`] bytes.
    TooLong,
    /// It is not the JSON that is wanted.
    Json(Fault),
    /// Its point is not on the globe.
    Nowhere(GeoError),
    /// A heading or a speed that nobody has.
    Motion(MotionFault),
}

/// A heading or a speed that nobody has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct MotionFault {
    pub(crate) field: &'static str,
    pub(crate) value: f32,
    pub(crate) least: f32,
    pub(crate) most: f32,
}

/// One line as a report.
pub(crate) fn read(line: &[u8]) -> Result<PositionReport, LineFault> {
    if line.len() > LINE {
        return Err(LineFault::TooLong);
    }
    // The quick way first; the slow one names the field of a bad line.
    let line: Line = match serde_json::from_slice(line) {
        Ok(line) => line,
        Err(_) => json::parse(line).map_err(LineFault::Json)?,
    };
    let point = Point::new(line.lat, line.lon).map_err(LineFault::Nowhere)?;
    check_motion(line.bearing, line.speed_mps).map_err(LineFault::Motion)?;
    Ok(PositionReport { driver: line.driver, point, at: line.at, bearing_deg: line.bearing, speed_mps: line.speed_mps })
}

/// Refuses headings and speeds that are none. A number too large for an `f32` has become infinite by now.
pub(crate) fn check_motion(bearing: Option<f32>, speed_mps: Option<f32>) -> Result<(), MotionFault> {
    let check = |field, value: Option<f32>, least: f32, most: f32| match value {
        Some(value) if !(least..=most).contains(&value) => Err(MotionFault { field, value, least, most }),
        _ => Ok(()),
    };
    check("bearing", bearing, -360.0, 360.0)?;
    check("speed_mps", speed_mps, 0.0, FASTEST_MPS)
}

/// The lines of a text with their numbers, from 1; empty ones are left out.
pub(crate) fn split(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    lines.enumerate().map(|(ix, line)| (ix + 1, line)).filter(|(_, line)| !line.is_empty())
}

/// Puts whole lines together from pieces of a text, however it is cut. It holds one line at most.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    pending: Vec<u8>,
}

impl Pieces {
    /// Adds a piece and hands on what it completes.
    pub(crate) fn add(&mut self, piece: &[u8], take: impl FnOnce(&[u8])) -> Result<(), LineFault> {
        let whole = piece.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        if whole > 0 {
            self.pending.extend_from_slice(&piece[..whole]);
            take(&self.pending);
            self.pending.clear();
        }
        self.pending.extend_from_slice(&piece[whole..]);
        if self.pending.len() > LINE + piece.len() { Err(LineFault::TooLong) } else { Ok(()) }
    }

    /// Hands on a last line that ends with the text.
    pub(crate) fn end(self, take: impl FnOnce(&[u8])) {
        if !self.pending.is_empty() {
            take(&self.pending);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn numbers_count_empty_lines() {
        let numbers: Vec<usize> = split(b"a\n\n b \r\n").map(|(number, _)| number).collect();
        assert_eq!(numbers, [1, 3]);
    }

    #[test]
    fn lines_come_whole_however_the_text_is_cut() {
        let text = b"first\nsecond\n\nthird";
        for size in 1..=text.len() {
            let (mut pieces, mut heard) = (Pieces::default(), Vec::new());
            for piece in text.chunks(size) {
                pieces.add(piece, |whole| heard.extend(split(whole).map(|(_, line)| line.to_vec()))).unwrap();
            }
            pieces.end(|whole| heard.extend(split(whole).map(|(_, line)| line.to_vec())));
            assert_eq!(heard, [&b"first"[..], b"second", b"third"], "{size}");
        }
        let mut pieces = Pieces::default();
        let refused = (0..100).find_map(|_| pieces.add(&[b'x'; 100], |_| {}).err());
        assert_eq!(refused, Some(LineFault::TooLong));
    }
}
