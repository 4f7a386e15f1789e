//! What is asked for, judged as a whole before it is written down.

use std::io::{Read as _, Write as _};

use doorstep_clock::Timestamp;
use doorstep_orders::Recording;
use doorstep_pricing::Mistakes;
use doorstep_roads::Snapper;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use super::{TrialsConfig, TrialsError};
use crate::backtest::{Assumptions, PolicyError, Record, TrialPolicy, comparable};
use crate::replay::Replay;

/// Largest input that is read back, bytes after unpacking.
const MOST_BYTES: u64 = 256 << 20;

/// A policy as it was sent: the text of a TOML file, or the same as JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PolicySource {
    /// TOML.
    Toml(String),
    /// JSON.
    Json(serde_json::Map<String, serde_json::Value>),
}

impl PolicySource {
    /// Reads it; `name` is what it is called when it does not say.
    ///
    /// # Errors
    /// [`PolicyError`] with every mistake.
    pub fn read(&self, name: &str) -> Result<TrialPolicy, PolicyError> {
        match self {
            Self::Toml(text) => TrialPolicy::from_toml(text, name),
            Self::Json(policy) => TrialPolicy::from_json(policy, name),
        }
    }
}

/// What both policies are tried on.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrialInput {
    /// A period that the live city recorded.
    Recorded(Recording),
    /// Tables as text: requests, and where taxis stand.
    Tables {
        /// Columns `request_time, pu_lon, pu_lat, do_lon, do_lat`.
        requests: String,
        /// Columns `lon, lat`, and `from, until` where taxis have shifts.
        taxis: String,
    },
}

impl TrialInput {
    pub(super) fn record(&self, corners: &Snapper) -> Result<Record, TrialsError> {
        Ok(match self {
            Self::Recorded(recording) => Record::of_live(recording, corners),
            Self::Tables { requests, taxis } => {
                Record::of_text(requests, taxis, corners).map_err(crate::backtest::BacktestError::from)?
            }
        })
    }
}

/// A backtest that is asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewTrial {
    /// The policy to measure by.
    pub a: PolicySource,
    /// The policy to try.
    pub b: PolicySource,
    /// What they are tried on.
    pub input: TrialInput,
    /// Cars, drawn anew for each seed; without it all that were recorded.
    pub fleet: Option<usize>,
    /// Paired seeds.
    pub seeds: u32,
    /// The first of them.
    pub first_seed: u64,
    /// What is assumed about people.
    pub assumptions: Assumptions,
}

/// One that was judged and can be written down.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// Names of both policies.
    pub(super) policies: [String; 2],
    pub(super) period: Option<[Timestamp; 2]>,
    pub(super) requests: usize,
    pub(super) cars: usize,
    pub(super) fleet: Option<usize>,
    pub(super) seeds: u32,
    /// The whole, packed.
    pub(super) packed: Vec<u8>,
}

impl NewTrial {
    /// Reads both policies; every mistake of both is told at once.
    ///
    /// # Errors
    /// [`TrialsError::Policies`], and what makes them not comparable.
    pub fn policies(&self) -> Result<[TrialPolicy; 2], TrialsError> {
        let mut wrong = Mistakes::default();
        let mut read = |source: &PolicySource, field: &str| match source.read(&format!("policy {field}")) {
            Ok(policy) => Some(policy),
            Err(PolicyError::Unreadable(reason)) => {
                wrong.note(format!("/{field}"), reason, "write a policy as TOML, or as a JSON object");
                None
            }
            Err(PolicyError::Invalid { mistakes }) => {
                for mistake in mistakes.0 {
                    wrong.note(format!("/{field}{}", mistake.field), mistake.problem, mistake.fix);
                }
                None
            }
        };
        let (a, b) = (read(&self.a, "a"), read(&self.b, "b"));
        let (Some(a), Some(b)) = (a, b) else { return Err(TrialsError::Policies { mistakes: wrong }) };
        comparable([&a, &b])?;
        Ok([a, b])
    }

    /// Judges everything: what is accepted here can be run.
    ///
    /// # Errors
    /// [`TrialsError`] naming the field.
    pub fn prepare(&self, replay: &Replay, bounds: &TrialsConfig) -> Result<Prepared, TrialsError> {
        let policies = self.policies()?;
        let field = |field, reason: String, fix: String| Err(TrialsError::Field { field, reason, fix });
        if !(2..=bounds.seeds).contains(&self.seeds) {
            let fix = format!("choose from 2 to {}: an interval needs two", bounds.seeds);
            return field("/seeds", format!("{} is out of range", self.seeds), fix);
        }
        if let Some((name, value)) = self.assumptions.wrong() {
            return field(name, format!("{value} is no amount"), "write a number from 0 to 1,000,000".to_owned());
        }
        let record = self.input.record(replay.corners())?;
        let what = match self.input {
            TrialInput::Recorded(_) => "/recorded",
            TrialInput::Tables { .. } => "/tables",
        };
        if record.requests() > bounds.requests || record.cars() > bounds.cars {
            let reason = format!("holds {} requests and {} cars", record.requests(), record.cars());
            let fix = format!("choose a shorter period, with at most {} and {}", bounds.requests, bounds.cars);
            return field(what, reason, fix);
        }
        if self.fleet.is_some_and(|fleet| fleet == 0 || fleet > record.cars()) {
            let fix = format!("choose from 1 to {}, or leave it out for all", record.cars());
            return field("/fleet", format!("{} is out of range", self.fleet.unwrap_or(0)), fix);
        }
        if let Err(error) = record.check(replay.graph()) {
            let fix = "choose a period in which riders asked inside the city and drivers were on shift".to_owned();
            return field(what, error.to_string(), fix);
        }
        Ok(Prepared {
            policies: policies.map(|p| p.name),
            period: match &self.input {
                TrialInput::Recorded(recording) => Some([recording.from, recording.to]),
                TrialInput::Tables { .. } => None,
            },
            requests: record.requests(),
            cars: record.cars(),
            fleet: self.fleet,
            seeds: self.seeds,
            packed: pack(&serde_json::to_vec(self).expect("a request has string keys and finite numbers")),
        })
    }

    pub(super) fn unpack(id: &str, packed: &[u8]) -> Result<Self, TrialsError> {
        let damaged = |reason: String| TrialsError::Damaged { id: id.to_owned(), reason };
        let bytes = unpack(packed).map_err(|e| damaged(e.to_string()))?;
        serde_json::from_slice(&bytes).map_err(|e| damaged(e.to_string()))
    }
}

/// Gzip.
pub(super) fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(bytes).and_then(|()| gzip.finish()).expect("memory takes all")
}

/// The reverse, within bounds.
pub(super) fn unpack(packed: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    GzDecoder::new(packed).take(MOST_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}
