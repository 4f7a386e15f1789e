//! A usage record: one piece of work, who it was for, and what it used.

use std::collections::BTreeMap;

use doorstep_clock::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{MeterError, Resource};

/// Quantities by resource, each in the resource's base unit.
pub type Amounts = BTreeMap<Resource, i64>;

/// The speed that work has unless it asks for another.
pub const STANDARD: &str = "standard";

/// How the work ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    #[default]
    Done,
    /// It was called off by whoever asked for it, and costs what it used until then.
    Cancelled,
    /// It failed: noted, and free.
    Failed,
}

impl Outcome {
    /// Its stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }

    pub(crate) fn parse(text: &str) -> Self {
        match text {
            "cancelled" => Self::Cancelled,
            "failed" => Self::Failed,
            _ => Self::Done,
        }
    }

    /// Whether it costs anything.
    #[must_use]
    pub const fn is_charged(self) -> bool {
        !matches!(self, Self::Failed)
    }
}

/// What one piece of work used. The producer gives the id, and says the same thing under the same id as often as it
/// likes: it is charged once. A record of a failed attempt gives way to one that says the work was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Names the work for ever within its tenant, such as a query's id or `job/stage/task`.
    pub id: String,
    /// Who pays.
    pub tenant: String,
    /// The access key that asked for it.
    pub key: Option<String>,
    /// What it was about, for people: a query's id, a bucket, a picture's address.
    pub source: String,
    /// When, by real time.
    pub at: Timestamp,
    /// The speed that it had.
    pub speed: String,
    /// How it ended.
    pub outcome: Outcome,
    /// What it used.
    pub amounts: Amounts,
}

/// Ids that begin so are the meter's own.
pub(crate) const OWN_IDS: &str = "hour/";
/// Bytes of an id or a source.
const LONGEST: usize = 200;
/// How late a record may come, milliseconds; a month's bill is final when this time has passed after it.
pub(crate) const LATE_MS: i64 = 3 * 24 * 3_600_000;
/// How far ahead of this machine's clock a producer's may be, milliseconds.
const AHEAD_MS: i64 = 3_600_000;

impl Usage {
    /// Work of `tenant` under this id, done at `at`.
    #[must_use]
    pub fn new(id: impl Into<String>, tenant: impl Into<String>, at: Timestamp) -> Self {
        let id = id.into();
        Self {
            source: id.clone(),
            id,
            tenant: tenant.into(),
            key: None,
            at,
            speed: STANDARD.to_owned(),
            outcome: Outcome::Done,
            amounts: Amounts::new(),
        }
    }

    /// Adds a quantity, in the resource's base unit.
    #[must_use]
    pub fn amount(mut self, resource: Resource, quantity: u64) -> Self {
        let quantity = i64::try_from(quantity).unwrap_or(i64::MAX);
        let sum = self.amounts.entry(resource).or_insert(0);
        *sum = sum.saturating_add(quantity);
        self
    }

    /// What it was about.
    #[must_use]
    pub fn about(mut self, source: impl Into<String>) -> Self {
        self.source = source.into();
        self
    }

    /// Which access key asked for it.
    #[must_use]
    pub fn by(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// The speed that it had.
    #[must_use]
    pub fn at_speed(mut self, speed: impl Into<String>) -> Self {
        self.speed = speed.into();
        self
    }

    /// How it ended.
    #[must_use]
    pub const fn ended(mut self, outcome: Outcome) -> Self {
        self.outcome = outcome;
        self
    }

    /// Whether the record can be taken.
    pub(crate) fn check(&self, now: Timestamp) -> Result<(), MeterError> {
        for (field, text) in
            [("id", &self.id), ("tenant", &self.tenant), ("source", &self.source), ("speed", &self.speed)]
        {
            if text.is_empty() || text.len() > LONGEST || text.chars().any(char::is_control) {
                let reason = "is empty, longer than 200 bytes or has control characters";
                return Err(MeterError::field(field, reason, "give 1 to 200 bytes of plain text"));
            }
        }
        if self.id.starts_with(OWN_IDS) {
            return Err(MeterError::field("id", "ids under hour/ are the meter's own", "begin it with another word"));
        }
        if let Some((resource, quantity)) = self.amounts.iter().find(|(_, quantity)| **quantity < 0) {
            let reason = format!("{resource} is {quantity}");
            return Err(MeterError::field("amounts", reason, "give quantities from 0"));
        }
        let age = now.ms_since(self.at);
        if !(-AHEAD_MS..=LATE_MS).contains(&age) {
            let reason = format!("{} is not within three days before now and an hour after", self.at);
            return Err(MeterError::field("at", reason, "record usage when the work is done, by real time"));
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_taken_names_its_field() {
        let now = Timestamp(1_800_000_000_000);
        let good = Usage::new("qry_1", "main", now).amount(Resource::QueryCpu, 5).amount(Resource::QueryCpu, 7);
        assert_eq!(good.amounts[&Resource::QueryCpu], 12);
        good.check(now).unwrap();
        let named = |usage: Usage| match usage.check(now).unwrap_err() {
            MeterError::Field { field, .. } => field,
            other => panic!("{other}"),
        };
        assert_eq!(named(Usage { id: String::new(), ..good.clone() }), "id");
        assert_eq!(named(Usage { id: "hour/1".into(), ..good.clone() }), "id");
        assert_eq!(named(Usage { source: "a\nb".into(), ..good.clone() }), "source");
        assert_eq!(named(Usage { at: now.plus_ms(-LATE_MS - 1), ..good.clone() }), "at");
        assert_eq!(named(Usage { at: now.plus_ms(AHEAD_MS + 1), ..good.clone() }), "at");
        assert_eq!(named(Usage { amounts: [(Resource::Egress, -1)].into(), ..good }), "amounts");
    }
}
