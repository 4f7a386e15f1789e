//! Settings of a session that reach DataFusion.

use datafusion::prelude::SessionConfig;

use super::names::CATALOG;
use super::session::Settings;
use crate::LakeError;

/// Settings of DataFusion that a session may change; the others bound what a query may use.
const OPEN: [&str; 7] = [
    "datafusion.sql_parser.dialect",
    "datafusion.sql_parser.parse_float_as_decimal",
    "datafusion.optimizer.",
    "datafusion.explain.",
    "datafusion.format.",
    "datafusion.execution.time_zone",
    "datafusion.execution.batch_size",
];

/// Whether a setting is DataFusion's.
pub(super) fn is_engines(name: &str) -> bool {
    name.starts_with("datafusion.")
}

/// Refuses a setting that a session may not change.
pub(super) fn check(name: &str, value: &str) -> Result<(), LakeError> {
    if !is_engines(name) {
        return Ok(());
    }
    if !OPEN.iter().any(|open| name.starts_with(open)) {
        let fix = format!("settings that begin with {} can be changed", OPEN.join(", "));
        return Err(LakeError::invalid(name, "this setting is the server's", fix));
    }
    if name == "datafusion.execution.batch_size" && !value.parse::<usize>().is_ok_and(|n| (1..=65_536).contains(&n)) {
        return Err(LakeError::invalid(name, format!("{value:?} is no count of rows"), "write 1 to 65536"));
    }
    Ok(SessionConfig::new().options_mut().set(name, value)?)
}

/// The configuration of one query.
pub(super) fn config(settings: &Settings, database: &str, cores: usize) -> Result<SessionConfig, LakeError> {
    let mut config = SessionConfig::new()
        .with_default_catalog_and_schema(CATALOG, database)
        .with_create_default_catalog_and_schema(false)
        .with_information_schema(true)
        .with_target_partitions(cores.max(1));
    let options = config.options_mut();
    options.execution.collect_statistics = true;
    options.sql_parser.collect_spans = true;
    for (name, value) in settings.iter().filter(|(name, _)| is_engines(name)) {
        options.set(name, value)?;
    }
    Ok(config)
}
