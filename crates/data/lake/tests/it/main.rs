//! The lake from the outside: statements, tenants, the journal, bounds, crashes, and a Flight SQL client.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests fail by panicking and are nobody's library")]

mod bounds;
mod buckets;
mod change;
mod crash;
mod flight;
mod functions;
mod ingest;
mod joins;
mod keeper;
mod live;
mod statements;
mod support;
mod temporary;
mod tenants;
mod travel;
mod urls;
