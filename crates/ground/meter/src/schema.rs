//! Tables of the meter.

use doorstep_store::Migration;

/// To be passed to `Store::open`.
pub const MIGRATIONS: &[Migration] = &[Migration::same(
    "meter/0001_accounts",
    "CREATE TABLE meter_records (
        tenant TEXT NOT NULL,
        id TEXT NOT NULL,
        resource TEXT NOT NULL,
        month BIGINT NOT NULL,
        at BIGINT NOT NULL,
        source TEXT NOT NULL,
        key TEXT,
        speed TEXT NOT NULL,
        outcome TEXT NOT NULL,
        quantity BIGINT NOT NULL,
        nanos BIGINT NOT NULL,
        currency TEXT NOT NULL,
        PRIMARY KEY (tenant, id, resource)
    );
    CREATE INDEX meter_records_by_time ON meter_records (tenant, month, at);
    CREATE INDEX meter_records_by_resource ON meter_records (tenant, month, resource, at);
    CREATE INDEX meter_records_by_age ON meter_records (month);
    CREATE TABLE meter_sums (
        tenant TEXT NOT NULL,
        month BIGINT NOT NULL,
        resource TEXT NOT NULL,
        speed TEXT NOT NULL,
        quantity BIGINT NOT NULL,
        free BIGINT NOT NULL,
        nanos BIGINT NOT NULL,
        records BIGINT NOT NULL,
        currency TEXT NOT NULL,
        PRIMARY KEY (tenant, month, resource, speed)
    );
    CREATE TABLE meter_reservations (
        tenant TEXT NOT NULL,
        id TEXT NOT NULL,
        speed TEXT NOT NULL,
        amounts TEXT NOT NULL,
        expires_at BIGINT NOT NULL,
        PRIMARY KEY (tenant, id)
    );
    CREATE TABLE meter_caps (tenant TEXT PRIMARY KEY, body TEXT NOT NULL);
    CREATE TABLE meter_books (starts_at BIGINT PRIMARY KEY, body TEXT NOT NULL, put_at BIGINT NOT NULL, put_by TEXT NOT NULL);
    CREATE TABLE meter_positions (process TEXT PRIMARY KEY, seq BIGINT NOT NULL)",
)];
