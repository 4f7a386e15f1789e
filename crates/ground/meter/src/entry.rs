//! What the journal carries: usage records, counts, and reservations that are given back.

use doorstep_clock::Timestamp;
use doorstep_journal::{NewRecord, Record};
use serde::{Deserialize, Serialize};

use crate::usage::{OWN_IDS, STANDARD};
use crate::{Amounts, Outcome, Resource, Usage};

/// Something that is folded into the accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// A piece of work; with the reservation that it had.
    Used { usage: Usage, reservation: Option<String> },
    /// Many small things of one kind, counted over a moment.
    Counted { tenant: String, source: String, resource: Resource, quantity: i64, at: Timestamp },
    /// A reservation that nothing came of.
    Released { tenant: String, reservation: String },
}

const USED: &str = "used";
const COUNTED: &str = "counted";
const RELEASED: &str = "released";

#[derive(Serialize, Deserialize)]
struct UsedBody {
    tenant: String,
    id: String,
    source: String,
    at: Timestamp,
    speed: String,
    outcome: Outcome,
    amounts: Amounts,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reservation: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct CountedBody {
    tenant: String,
    source: String,
    resource: Resource,
    quantity: i64,
    at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct ReleasedBody {
    tenant: String,
    reservation: String,
}

impl Entry {
    /// Whose it is.
    pub(crate) fn tenant(&self) -> &str {
        match self {
            Self::Used { usage, .. } => &usage.tenant,
            Self::Counted { tenant, .. } | Self::Released { tenant, .. } => tenant,
        }
    }

    /// The journal's form.
    pub(crate) fn record(&self, now: Timestamp, dedupe: u64) -> NewRecord {
        let (kind, payload) = match self.clone() {
            Self::Used { usage, reservation } => {
                let Usage { id, tenant, key, source, at, speed, outcome, amounts } = usage;
                let body = UsedBody { tenant, id, source, at, speed, outcome, amounts, key, reservation };
                (USED, serde_json::to_vec(&body))
            }
            Self::Counted { tenant, source, resource, quantity, at } => {
                (COUNTED, serde_json::to_vec(&CountedBody { tenant, source, resource, quantity, at }))
            }
            Self::Released { tenant, reservation } => {
                (RELEASED, serde_json::to_vec(&ReleasedBody { tenant, reservation }))
            }
        };
        NewRecord {
            kind: kind.to_owned(),
            key: self.tenant().to_owned(),
            at: now,
            payload: payload.expect("texts and numbers are always JSON").into(),
            dedupe: Some(dedupe),
        }
    }

    /// Out of the journal's form; what it says if that cannot be.
    pub(crate) fn read(record: &Record) -> Result<Self, String> {
        let told = |error: serde_json::Error| format!("record {} of the usage stream: {error}", record.seq);
        match record.kind.as_str() {
            USED => {
                let UsedBody { tenant, id, source, at, speed, outcome, amounts, key, reservation } =
                    serde_json::from_slice(&record.payload).map_err(told)?;
                Ok(Self::Used { usage: Usage { id, tenant, key, source, at, speed, outcome, amounts }, reservation })
            }
            COUNTED => {
                let CountedBody { tenant, source, resource, quantity, at } =
                    serde_json::from_slice(&record.payload).map_err(told)?;
                Ok(Self::Counted { tenant, source, resource, quantity, at })
            }
            RELEASED => {
                let ReleasedBody { tenant, reservation } = serde_json::from_slice(&record.payload).map_err(told)?;
                Ok(Self::Released { tenant, reservation })
            }
            other => Err(format!("record {} of the usage stream is a `{other}`, which nobody knows", record.seq)),
        }
    }
}

/// The record that a count is added to: one for each hour and source.
pub(crate) fn hour_id(source: &str, at: Timestamp) -> String {
    let hour = hour(at).to_string();
    format!("{OWN_IDS}{}/{source}", hour.get(..13).unwrap_or(&hour))
}

/// The start of the hour in which `at` lies.
pub(crate) fn hour(at: Timestamp) -> Timestamp {
    Timestamp(at.millis() - at.millis().rem_euclid(3_600_000))
}

/// The speed under which a resource is summed up: none where speed does not matter.
pub(crate) fn summed_speed(resource: Resource, speed: &str) -> &str {
    match (resource.by_speed(), speed) {
        (false, _) => "",
        (true, "") => STANDARD,
        (true, speed) => speed,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn entries_survive_the_journal() {
        let at = Timestamp::parse("2026-11-28T21:59:59.999Z").unwrap();
        let usage = Usage::new("qry_1", "main", at).amount(Resource::QueryCpu, 5).by("key_1").ended(Outcome::Failed);
        let entries = [
            Entry::Used { usage: usage.clone(), reservation: None },
            Entry::Used { usage, reservation: Some("r".into()) },
            Entry::Counted {
                tenant: "a".into(),
                source: "photos".into(),
                resource: Resource::Egress,
                quantity: i64::MAX,
                at,
            },
            Entry::Released { tenant: "a".into(), reservation: "r".into() },
        ];
        for entry in entries {
            let NewRecord { kind, key, at, payload, .. } = entry.record(at, 1);
            let record = Record { seq: 1, kind, key, at, payload };
            assert_eq!(Entry::read(&record).unwrap(), entry);
            assert!(Entry::read(&Record { kind: "other".into(), ..record }).is_err());
        }
        assert_eq!(hour_id("photos", at), "hour/2026-11-28T21/photos");
    }
}
