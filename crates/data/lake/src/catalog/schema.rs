//! The catalogue's tables. One text for both stores.

use doorstep_store::Migration;

/// To be passed to `Store::open`.
pub const MIGRATIONS: &[Migration] = &[CATALOGUE, PAST, CLOCKS, SAVED];

/// The spans of time of each owner of a file's rows, as JSON.
const CLOCKS: Migration = Migration::same("lake/0003_clocks", "ALTER TABLE lake_files ADD COLUMN spans TEXT");

/// Statements that somebody keeps, on the shelf of a key or (empty) of the operators.
const SAVED: Migration = Migration::same(
    "lake/0004_saved",
    "CREATE TABLE lake_saved (
        tenant TEXT NOT NULL,
        shelf TEXT NOT NULL,
        name TEXT NOT NULL,
        statement TEXT NOT NULL,
        database_name TEXT NOT NULL,
        saved_at BIGINT NOT NULL,
        PRIMARY KEY (tenant, shelf, name)
    )",
);

const PAST: Migration =
    Migration::same("lake/0002_past", "CREATE INDEX lake_files_all ON lake_files (table_id, tenant, created_at)");

const CATALOGUE: Migration = Migration::same(
    "lake/0001_catalogue",
    "CREATE TABLE lake_databases (
        tenant TEXT NOT NULL,
        name TEXT NOT NULL,
        comment TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        PRIMARY KEY (tenant, name)
    );
    CREATE TABLE lake_tables (
        id TEXT PRIMARY KEY,
        tenant TEXT NOT NULL,
        database_name TEXT NOT NULL,
        name TEXT NOT NULL,
        version BIGINT NOT NULL,
        body TEXT NOT NULL,
        UNIQUE (tenant, database_name, name)
    );
    CREATE TABLE lake_partitions (
        table_id TEXT NOT NULL,
        spec TEXT NOT NULL,
        location TEXT,
        created_at BIGINT NOT NULL,
        PRIMARY KEY (table_id, spec)
    );
    CREATE TABLE lake_files (
        path TEXT PRIMARY KEY,
        table_id TEXT NOT NULL,
        tenant TEXT NOT NULL,
        spec TEXT NOT NULL,
        rows_in BIGINT NOT NULL,
        bytes BIGINT NOT NULL,
        min_at BIGINT,
        max_at BIGINT,
        created_at BIGINT NOT NULL,
        removed_at BIGINT
    );
    CREATE INDEX lake_files_live ON lake_files (table_id, tenant) WHERE removed_at IS NULL;
    CREATE INDEX lake_files_removed ON lake_files (removed_at) WHERE removed_at IS NOT NULL;
    CREATE TABLE lake_functions (
        tenant TEXT NOT NULL,
        database_name TEXT NOT NULL,
        name TEXT NOT NULL,
        body TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        PRIMARY KEY (tenant, database_name, name)
    );
    CREATE TABLE lake_positions (
        table_name TEXT NOT NULL,
        stream TEXT NOT NULL,
        seq BIGINT NOT NULL,
        PRIMARY KEY (table_name, stream)
    );
    CREATE TABLE lake_grants (
        tenant TEXT NOT NULL,
        key_id TEXT NOT NULL,
        database_name TEXT NOT NULL,
        table_name TEXT NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (tenant, key_id, database_name, table_name)
    )",
);
