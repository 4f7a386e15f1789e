//! The journal of prices: every published change of a multiplier with the counts and the model behind it.

use doorstep_clock::Timestamp;
use doorstep_journal::NewRecord;
use doorstep_pricing::{MODEL, MODEL_VERSION, SurgeChange};
use doorstep_store::StoreError;
use serde::Serialize;
use serde_json::{Value, json};

use super::stream;
use crate::live::LiveCity;
use crate::live::error::LiveError;

/// A record that an operator has switched surge.
pub(super) const SWITCHED: &str = "surge_switched";
/// A record of changed multipliers.
const CHANGED: &str = "surge_changed";
/// Cells of one record.
const CELLS: usize = 200;
/// Records looked at for one page: those of other tenants lie between.
const DEEPEST: u64 = 20_000;
/// Records of one read.
const STEP: u64 = 500;

/// Changes as records of the journal.
pub(super) fn records(tenant: &str, changes: &[SurgeChange], tariff_version: u32, now: Timestamp) -> Vec<NewRecord> {
    let record = |changes: &[SurgeChange]| {
        let payload = json!({
            "tenant": tenant,
            "model": MODEL,
            "model_version": MODEL_VERSION,
            "tariff_version": tariff_version,
            "at": now,
            "changes": changes.iter().map(line).collect::<Vec<_>>(),
        });
        NewRecord {
            kind: CHANGED.to_owned(),
            key: tenant.to_owned(),
            at: now,
            payload: payload.to_string().into_bytes().into(),
            dedupe: None,
        }
    };
    changes.chunks(CELLS).map(record).collect()
}

fn line(change: &SurgeChange) -> Value {
    json!({
        "cell": change.cell,
        "from": change.from,
        "to": change.now.multiplier,
        "cleared": change.now.cleared,
        "demand_per_min": change.now.demand_per_min,
        "idle": change.now.idle,
        "soon_free": change.now.soon_free,
        "pickup_s": change.now.pickup_s,
        "pickup_flat_s": change.now.pickup_flat_s,
    })
}

/// One record of the journal of prices.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SurgeLine {
    /// Its place in the journal.
    pub seq: u64,
    /// `surge_changed` or `surge_switched`.
    pub kind: String,
    /// What it says.
    #[serde(flatten)]
    pub told: Value,
}

impl LiveCity {
    /// What was said of a tenant's surge, the newest first; `before` is the place of the last line of the page
    /// before. The second value is where the next page begins, if there may be one.
    pub fn surge_log(
        &self,
        tenant: &str,
        before: Option<u64>,
        limit: usize,
    ) -> Result<(Vec<SurgeLine>, Option<u64>), LiveError> {
        let (stream, journal) = (stream(self.id()), self.journal());
        let first = journal.first(&stream).max(1);
        let mut end = before.unwrap_or(u64::MAX).min(journal.last(&stream).saturating_add(1));
        let stop = end.saturating_sub(DEEPEST);
        let mut lines = Vec::new();
        while end > first && end > stop {
            let begin = end.saturating_sub(STEP).max(first);
            // From exclusive `begin - 1` to `end - 1`; at most STEP, so the cast holds.
            let records = journal.read(&stream, begin - 1, (end - begin) as usize)?;
            for record in records.into_iter().rev() {
                if record.seq >= end || record.key != tenant {
                    continue;
                }
                let told = serde_json::from_slice(&record.payload).map_err(|error| StoreError::Decode {
                    key: format!("record {} of {stream}", record.seq),
                    reason: error.to_string(),
                })?;
                lines.push(SurgeLine { seq: record.seq, kind: record.kind, told });
                if lines.len() == limit {
                    return Ok((lines, Some(record.seq)));
                }
            }
            end = begin;
        }
        Ok((lines, Some(end).filter(|end| *end > first)))
    }
}
