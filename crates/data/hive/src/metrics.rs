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

/// Tells the recorder what they mean.
pub fn describe() {
    metrics::describe_gauge!(CONNECTIONS, "open connections of HiveServer2");
    metrics::describe_gauge!(SESSIONS, "open sessions of HiveServer2");
    metrics::describe_counter!(STATEMENTS, "statements by kind and end");
    metrics::describe_counter!(ROWS, "rows handed out");
    metrics::describe_counter!(REFUSED, "connections that did not get in, by why");
}
