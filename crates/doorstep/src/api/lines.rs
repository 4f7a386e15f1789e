//! Position reports as NDJSON: one object a line, each line judged for itself.

use axum::{
    extract::{FromRequest, Request},
    http::header,
};
use doorstep_city::live::PositionReport;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) use super::position_line::split;
use super::{
    app::App,
    body::Limited,
    position_line::{self, LINE, LineFault, MotionFault, Pieces},
    problem::{Answer, Code, Problem},
    schema,
    suggestion::DriverSuggestion,
};

/// Most rejections that are told one by one.
const TOLD: usize = 100;

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
    /// Where idle drivers among those who reported had best wait, each told once; left out when there is nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suggestions: Vec<DriverSuggestion>,
    /// Drivers among those who reported whose route has changed, each told once: read it at `/v1/drivers/{id}/route`.
    /// Left out when there is nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<String>,
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

    pub(crate) fn suggest(&mut self, news: Vec<DriverSuggestion>) {
        self.0.suggestions.extend(news);
    }

    pub(crate) fn reroute(&mut self, news: Vec<String>) {
        self.0.routes.extend(news);
    }

    pub(crate) fn answer(self) -> LineAnswer {
        self.0
    }
}

/// One line as a report.
pub(crate) fn read(line: &[u8]) -> Answer<PositionReport> {
    Ok(position_line::read(line)?)
}

impl From<LineFault> for Problem {
    fn from(fault: LineFault) -> Self {
        match fault {
            LineFault::TooLong => Self::new(Code::TooLarge, format!("a line is longer than {LINE} bytes")),
            LineFault::Json(fault) => fault.into(),
            LineFault::Nowhere(error) => Self::fields(vec![schema::not_on_the_globe("", &error)]),
            LineFault::Motion(fault) => fault.into(),
        }
    }
}

impl From<MotionFault> for Problem {
    fn from(MotionFault { field, value, least, most }: MotionFault) -> Self {
        Self::field(format!("/{field}"), format!("{value} is out of range"), format!("choose from {least} to {most}"))
    }
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
        let mut pieces = Pieces::default();
        while let Some(bytes) = self.0.next().await? {
            pieces.add(&bytes, &mut take)?;
        }
        pieces.end(take);
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
        check(&format!(r#"{{"driver":"{DRIVER}","lat":4,"lon":9,"bearing":1e300}}"#), Code::InvalidField, "/bearing");
        check(&format!(r#"{{"driver":"{DRIVER}","lat":4,"lon":9,"speed_mps":-1}}"#), Code::InvalidField, "/speed_mps");
        check(&" ".repeat(5000), Code::TooLarge, "4096");
    }
}
