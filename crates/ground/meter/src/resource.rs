//! What is metered: the one register of resources. Whoever meters something new adds a line here.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The part of Doorstep that a resource belongs to; a bill has a section for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// Queries, over whatever face.
    Sql,
    /// Buckets and objects, over whatever face.
    Objects,
    /// Pictures that are processed.
    Images,
    /// The JSON API.
    Api,
}

impl Service {
    /// Its stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sql => "sql",
            Self::Objects => "objects",
            Self::Images => "images",
            Self::Api => "api",
        }
    }
}

macro_rules! resources {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $service:ident, $base:literal, $unit:literal = $factor:expr, $by_speed:literal;)*) => {
        /// Something that is used up and counted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Resource {
            $($(#[$doc])* $name,)*
        }

        impl Resource {
            /// All of them, in the order of a bill.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its stable name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word),* }
            }

            /// The part of Doorstep that it belongs to.
            #[must_use]
            pub const fn service(self) -> Service {
                match self { $(Self::$name => Service::$service),* }
            }

            /// What quantities are counted in, always whole.
            #[must_use]
            pub const fn base(self) -> &'static str {
                match self { $(Self::$name => $base),* }
            }

            /// What a price is for.
            #[must_use]
            pub const fn unit(self) -> &'static str {
                match self { $(Self::$name => $unit),* }
            }

            /// How many of [`Self::base`] are one [`Self::unit`].
            #[must_use]
            pub const fn factor(self) -> i64 {
                match self { $(Self::$name => $factor),* }
            }

            /// Whether it costs more at a higher speed.
            #[must_use]
            pub const fn by_speed(self) -> bool {
                match self { $(Self::$name => $by_speed),* }
            }
        }
    };
}

/// Milliseconds of an hour.
const HOUR: i64 = 3_600_000;
/// Bytes of a GiB.
const GIB: i64 = 1 << 30;
/// Hours of a mean month, 365 × 24 / 12.
const MONTH: i64 = 730;

resources! {
    /// CPU of queries on all of their threads: real CPU, not time on the clock, and no time in a queue.
    QueryCpu = "query_cpu", Sql, "ms", "CPU-hour" = HOUR, true;
    /// Memory that queries hold, over the time that they run.
    QueryMemory = "query_memory", Sql, "MiB-ms", "GiB-hour" = 1024 * HOUR, true;
    /// Bytes that queries read from data files, after pruning, as they lie there.
    QueryScan = "query_scan", Sql, "byte", "TiB" = 1 << 40, false;
    /// Bytes of objects, sampled each hour.
    Storage = "storage", Objects, "byte-hour", "GiB-month" = GIB * MONTH, false;
    /// Requests that write or list.
    RequestsWrite = "requests_write", Objects, "request", "1,000 requests" = 1000, false;
    /// Requests that read.
    RequestsRead = "requests_read", Objects, "request", "1,000 requests" = 1000, false;
    /// Bytes of objects that were sent.
    Egress = "egress", Objects, "byte", "GiB" = GIB, false;
    /// CPU of work on pictures.
    ImageCpu = "image_cpu", Images, "ms", "CPU-hour" = HOUR, true;
    /// Pictures that were made.
    ImagePictures = "image_pictures", Images, "picture", "1,000 pictures" = 1000, false;
    /// Answered requests of the JSON API.
    ApiRequests = "api_requests", Api, "request", "1,000 requests" = 1000, false;
}

impl Resource {
    /// Whether people rather read how many there were than how many thousands: requests, pictures.
    #[must_use]
    pub fn is_count(self) -> bool {
        self.unit().starts_with("1,000 ")
    }

    /// A quantity in its unit, as a plain decimal, cut after nine digits: `0.25` for 900,000 ms of CPU.
    #[must_use]
    pub fn in_units(self, quantity: i64) -> String {
        let (sign, quantity) = (if quantity < 0 { "-" } else { "" }, i128::from(quantity).unsigned_abs());
        let factor = u128::from(self.factor().unsigned_abs());
        let (whole, rest) = (quantity / factor, quantity % factor);
        let part = format!("{:09}", rest * 1_000_000_000 / factor);
        let part = part.trim_end_matches('0');
        if part.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part}") }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A text that names no resource.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no resource")]
pub struct UnknownResource(pub String);

impl UnknownResource {
    /// What there is to choose from.
    #[must_use]
    pub fn known() -> String {
        Resource::ALL.iter().map(|r| r.as_str()).collect::<Vec<_>>().join(", ")
    }
}

impl FromStr for Resource {
    type Err = UnknownResource;

    fn from_str(text: &str) -> Result<Self, UnknownResource> {
        let found = Self::ALL.iter().copied().find(|r| r.as_str() == text);
        found.ok_or_else(|| UnknownResource(text.chars().take(40).collect()))
    }
}

impl Serialize for Resource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Resource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn words_are_stable_and_units_exact() {
        for resource in Resource::ALL {
            assert_eq!(resource.as_str().parse::<Resource>().unwrap(), *resource);
            assert!(resource.factor() > 0 && !resource.unit().is_empty() && !resource.base().is_empty());
        }
        assert_eq!(Resource::QueryCpu.in_units(900_000), "0.25");
        assert_eq!(Resource::Storage.in_units(GIB * MONTH * 3), "3");
        assert_eq!(Resource::RequestsRead.in_units(1), "0.001");
        assert_eq!(Resource::QueryScan.in_units(1), "0");
        assert!(Resource::RequestsRead.is_count() && !Resource::Egress.is_count());
        assert!("cpu".parse::<Resource>().is_err());
    }
}
