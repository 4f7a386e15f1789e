//! What a process does: one value per role, one short file each with `create` and `start`.
//!
//! All roles are on unless `roles` says otherwise; nothing is excluded by default.

pub(crate) mod api;
pub(crate) mod city;
pub(crate) mod courier;
#[cfg(feature = "lake")]
pub(crate) mod hive;
#[cfg(feature = "lake")]
pub(crate) mod lake;
pub(crate) mod metrics;
mod object_log;
pub(crate) mod objects;
#[cfg(feature = "lake")]
pub(crate) mod postgres;
mod storage_sample;

/// One thing a process can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Runs the configured cities: positions, matching, offers.
    City,
    /// Takes the journal into tables and runs statements over them.
    #[cfg(feature = "lake")]
    Lake,
    /// Speaks HiveServer2 to Hive's clients; wants the lake in the same process.
    #[cfg(feature = "lake")]
    Hive,
    /// Speaks PostgreSQL's protocol; wants the lake in the same process.
    #[cfg(feature = "lake")]
    Postgres,
    /// Serves the HTTP API and the console.
    Api,
    /// Serves buckets and objects.
    Objects,
    /// Serves the Prometheus page.
    Metrics,
}

impl Role {
    /// Every role, in the order in which they start.
    #[cfg(feature = "lake")]
    pub const ALL: [Self; 7] =
        [Self::City, Self::Lake, Self::Hive, Self::Postgres, Self::Api, Self::Objects, Self::Metrics];
    /// Every role, in the order in which they start.
    #[cfg(not(feature = "lake"))]
    pub const ALL: [Self; 4] = [Self::City, Self::Api, Self::Objects, Self::Metrics];

    /// The stable string form.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::City => "city",
            #[cfg(feature = "lake")]
            Self::Lake => "lake",
            #[cfg(feature = "lake")]
            Self::Hive => "hive",
            #[cfg(feature = "lake")]
            Self::Postgres => "postgres",
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
