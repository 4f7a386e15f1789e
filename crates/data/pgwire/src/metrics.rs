//! Names of this crate's metrics.

/// Open connections.
pub const CONNECTIONS: &str = "doorstep_postgres_connections";
/// Statements by command and by how they ended (`done`, `failed`).
pub const STATEMENTS: &str = "doorstep_postgres_statements_total";
/// Rows handed out.
pub const ROWS: &str = "doorstep_postgres_rows_total";
/// Connections that did not get in, by why (`protocol`, `key`, `database`).
pub const REFUSED: &str = "doorstep_postgres_refused_total";
/// Requests to cancel, by whether they met a session (`met`, `missed`).
pub const CANCELS: &str = "doorstep_postgres_cancels_total";
/// Portals whose rows nobody fetched in time.
pub const GIVEN_UP: &str = "doorstep_postgres_portals_given_up_total";

/// Every metric and what it tells.
pub const METRICS: &[(&str, &str)] = &[
    (CONNECTIONS, "Open connections of PostgreSQL's clients"),
    (STATEMENTS, "Statements of PostgreSQL's clients by command and end"),
    (ROWS, "Rows handed out to PostgreSQL's clients"),
    (REFUSED, "Connections of PostgreSQL's clients that did not get in, by why"),
    (CANCELS, "Requests of PostgreSQL's clients to cancel, by whether they met a session"),
    (GIVEN_UP, "Portals of PostgreSQL's clients whose rows nobody fetched in time"),
];
