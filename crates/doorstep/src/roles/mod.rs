//! What a process does: one value per role, one short file each with `create` and `start`.
//!
//! All roles are on unless `roles` says otherwise; nothing is excluded by default.

pub(crate) mod api;
pub(crate) mod city;
pub(crate) mod courier;
pub(crate) mod metrics;
pub(crate) mod objects;
mod storage_sample;

/// One thing a process can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Runs the configured cities: positions, matching, offers.
    City,
    /// Serves the HTTP API and the console.
    Api,
    /// Serves buckets and objects.
    Objects,
    /// Serves the Prometheus page.
    Metrics,
}

impl Role {
    /// Every role, in the order in which they start.
    pub const ALL: [Self; 4] = [Self::City, Self::Api, Self::Objects, Self::Metrics];

    /// The stable string form.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::City => "city",
            Self::Api => "api",
            Self::Objects => "objects",
            Self::Metrics => "metrics",
        }
    }

    /// From the stable string form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}
