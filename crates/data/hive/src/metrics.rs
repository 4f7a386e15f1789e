//! Names of this crate's metrics.

/// Open connections.
pub const CONNECTIONS: &str = "doorstep_hive_connections";
/// Open sessions.
pub const SESSIONS: &str = "doorstep_hive_sessions";
/// Statements by kind and by how they ended (`done`, `failed`).
pub const STATEMENTS: &str = "doorstep_hive_statements_total";
/// Rows handed out.
pub const ROWS: &str = "doorstep_hive_rows_total";
/// Connections that did not get in, by why (`sasl`, `key`).
pub const REFUSED: &str = "doorstep_hive_refused_total";
/// Operations whose rows nobody fetched in time.
pub const GIVEN_UP: &str = "doorstep_hive_operations_given_up_total";

/// Every metric and what it tells.
pub const METRICS: &[(&str, &str)] = &[
    (CONNECTIONS, "Open connections of HiveServer2"),
    (SESSIONS, "Open sessions of HiveServer2"),
    (STATEMENTS, "HiveQL statements by kind and end"),
    (ROWS, "Rows handed out over HiveServer2"),
    (REFUSED, "Connections to HiveServer2 that did not get in, by why"),
    (GIVEN_UP, "Operations of HiveServer2 whose rows nobody fetched in time"),
];
