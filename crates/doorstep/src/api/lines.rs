//! Position reports as NDJSON: one object a line, each line judged for itself.

use axum::{
    extract::{FromRequest, Request},
    http::header,
};
use doorstep_city::live::PositionReport;
use doorstep_clock::Timestamp;
use doorstep_orders::DriverId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    app::App,
    body::Limited,
    extract,
    problem::{Answer, Code, Problem},
    schema::LatLon,
};

/// Longest line, in bytes.
const LINE: usize = 4096;
/// Most rejections that are told one by one.
const TOLD: usize = 100;

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

/// A line that was not taken.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RejectedLine {
    /// Its number in the body or frame, from 1.
    pub line: usize,
    /// `invalid_body`, `unknown_field`, `invalid_field`, `unknown_driver`, `offline`, `stale` or `outside_area`.
    pub code: String,
    /// What is wrong with it.
    pub detail: String,
}

/// What became of the lines.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct LineAnswer {
    /// Lines taken.
    pub accepted: usize,
    /// Lines not taken, of which `rejected` tells the first 100.
    pub rejected_total: usize,
    /// The first of them.
    pub rejected: Vec<RejectedLine>,
}

/// Counts what becomes of the lines.
#[derive(Debug, Default)]
pub(crate) struct Taken(LineAnswer);

impl Taken {
    pub(crate) fn accept(&mut self) {
        self.0.accepted += 1;
    }

    pub(crate) fn reject(&mut self, line: usize, code: &str, detail: &str) {
        self.0.rejected_total += 1;
        if self.0.rejected.len() < TOLD {
            self.0.rejected.push(RejectedLine { line, code: code.to_owned(), detail: detail.to_owned() });
        }
    }

    pub(crate) fn answer(self) -> LineAnswer {
        self.0
    }
}

/// One line as a report.
pub(crate) fn read(line: &[u8]) -> Answer<PositionReport> {
    if line.len() > LINE {
        return Err(Problem::new(Code::TooLarge, format!("the line is longer than {LINE} bytes")));
    }
    // The quick way first; the slow one names the field of a bad line.
    let line: Line = match serde_json::from_slice(line) {
        Ok(line) => line,
        Err(_) => extract::parse(line)?,
    };
    let point = LatLon { lat: line.lat, lon: line.lon }.point("")?;
    Ok(PositionReport { driver: line.driver, point, at: line.at, bearing_deg: line.bearing, speed_mps: line.speed_mps })
}

/// The lines of a text with their numbers, from 1; empty ones are left out.
pub(crate) fn split(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    lines.enumerate().map(|(ix, line)| (ix + 1, line)).filter(|(_, line)| !line.is_empty())
}

/// An NDJSON body that has not been read yet.
pub(crate) struct Body(Limited);

impl FromRequest<App> for Body {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Answer<Self> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !["application/x-ndjson", "application/ndjson", "application/jsonl"].contains(&kind) {
            return Err(Problem::new(Code::UnsupportedMediaType, "send Content-Type: application/x-ndjson"));
        }
        Ok(Self(Limited::new(request.into_body(), app.limits.ndjson_bytes, "limits.ndjson_bytes")))
    }
}

impl Body {
    /// The whole body.
    pub(crate) async fn collect(self) -> Answer<Vec<u8>> {
        self.0.collect().await
    }

    /// Hands whole lines to `take` as they arrive, so that a large body is never in memory.
    pub(crate) async fn each_chunk(mut self, mut take: impl FnMut(&[u8])) -> Answer<()> {
        let mut pending: Vec<u8> = Vec::new();
        while let Some(bytes) = self.0.next().await? {
            let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
            pending.extend_from_slice(&bytes[..whole]);
            if whole > 0 {
                take(&pending);
                pending.clear();
            }
            pending.extend_from_slice(&bytes[whole..]);
            if pending.len() > LINE + bytes.len() {
                return Err(Problem::new(Code::TooLarge, format!("a line is longer than {LINE} bytes")));
            }
        }
        if !pending.is_empty() {
            take(&pending);
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const DRIVER: &str = "drv_0193523c9d6a7b1e8f00112233445566";

    #[test]
    fn each_line_is_judged_for_itself() {
        let check = |line: &str, code: Code, told: &str| {
            let problem = read(line.as_bytes()).unwrap_err();
            assert_eq!(problem.code(), code, "{line}");
            assert!(problem.detail().contains(told), "{}", problem.detail());
        };
        read(format!(r#"{{"driver":"{DRIVER}","lat":40.7,"lon":-73.9,"bearing":10}}"#).as_bytes()).unwrap();
        check(&format!(r#"{{"driver":"{DRIVER}","lat":95,"lon":-73.9}}"#), Code::InvalidField, "/lat");
        check(&format!(r#"{{"driver":"{DRIVER}","lat":NaN,"lon":-73.9}}"#), Code::InvalidBody, "JSON");
        check(&format!(r#"{{"driver":"{DRIVER}","lat":4,"lon":-73.9,"lng":1}}"#), Code::UnknownField, "/lng");
        check(r#"{"driver":"bob","lat":4,"lon":-73.9}"#, Code::InvalidField, "/driver");
        check("nonsense", Code::InvalidBody, "JSON");
    }

    #[test]
    fn numbers_count_empty_lines() {
        let numbers: Vec<usize> = split(b"a\n\n b \r\n").map(|(number, _)| number).collect();
        assert_eq!(numbers, [1, 3]);
    }
}
