//! Tables of objects.
//!
//! `objects` has one row for each key that can be read and listed, the newest version; everything else
//! (older versions, delete markers) is in `object_versions`. So a listing reads neighbouring rows and
//! nothing in between, however many versions there are. Keys are bytes: their order is that of UTF-8 on
//! every database, whatever its collation.

use doorstep_store::Migration;

const SHARED: &str = "CREATE TABLE object_pieces (
        owner TEXT NOT NULL,
        n BIGINT NOT NULL,
        blob TEXT NOT NULL,
        size BIGINT NOT NULL,
        etag TEXT NOT NULL,
        checksum TEXT,
        PRIMARY KEY (owner, n)
    );
    CREATE TABLE blobs (
        id TEXT PRIMARY KEY,
        tenant TEXT NOT NULL,
        hash BYTEA NOT NULL,
        size BIGINT NOT NULL,
        place TEXT NOT NULL,
        segment BIGINT,
        refs BIGINT NOT NULL,
        freed_at BIGINT,
        damaged_at BIGINT
    );
    CREATE UNIQUE INDEX blobs_by_hash ON blobs (tenant, hash);
    CREATE INDEX blobs_by_segment ON blobs (segment, size) WHERE segment IS NOT NULL;
    CREATE INDEX blobs_freed ON blobs (freed_at) WHERE freed_at IS NOT NULL;
    CREATE TABLE object_usage (
        bucket BIGINT NOT NULL,
        slot BIGINT NOT NULL,
        objects BIGINT NOT NULL,
        bytes BIGINT NOT NULL,
        PRIMARY KEY (bucket, slot)
    );
    CREATE TABLE object_uploads (
        id TEXT PRIMARY KEY,
        bucket BIGINT NOT NULL,
        key BYTEA NOT NULL,
        initiated BIGINT NOT NULL,
        body TEXT NOT NULL
    );
    CREATE INDEX object_uploads_by_key ON object_uploads (bucket, key, id);
    CREATE TABLE object_parts (
        upload TEXT NOT NULL,
        n BIGINT NOT NULL,
        blob TEXT NOT NULL,
        size BIGINT NOT NULL,
        etag TEXT NOT NULL,
        checksum TEXT,
        blocks BYTEA NOT NULL,
        modified BIGINT NOT NULL,
        PRIMARY KEY (upload, n)
    )";

/// To be passed to `Store::open`.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        id: "objects/0001_objects",
        // Rows lie in the order of their keys in the file: a page of a listing is a few neighbouring pages.
        sqlite: "CREATE TABLE buckets (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                name TEXT NOT NULL UNIQUE,
                tenant TEXT NOT NULL,
                created_at BIGINT NOT NULL,
                body TEXT NOT NULL
            );
            CREATE INDEX buckets_by_tenant ON buckets (tenant, name);
            CREATE TABLE objects (
                bucket BIGINT NOT NULL,
                key BYTEA NOT NULL,
                seq BIGINT NOT NULL,
                uid TEXT NOT NULL,
                unversioned BIGINT NOT NULL,
                size BIGINT NOT NULL,
                modified BIGINT NOT NULL,
                etag TEXT NOT NULL,
                blob TEXT,
                body TEXT NOT NULL,
                PRIMARY KEY (bucket, key)
            ) WITHOUT ROWID;
            CREATE TABLE object_versions (
                bucket BIGINT NOT NULL,
                key BYTEA NOT NULL,
                seq BIGINT NOT NULL,
                uid TEXT NOT NULL,
                unversioned BIGINT NOT NULL,
                size BIGINT NOT NULL,
                modified BIGINT NOT NULL,
                etag TEXT NOT NULL,
                blob TEXT,
                body TEXT NOT NULL,
                marker BIGINT NOT NULL,
                PRIMARY KEY (bucket, key, seq)
            ) WITHOUT ROWID",
        postgres: "CREATE TABLE buckets (
                id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                name TEXT NOT NULL UNIQUE,
                tenant TEXT NOT NULL,
                created_at BIGINT NOT NULL,
                body TEXT NOT NULL
            );
            CREATE INDEX buckets_by_tenant ON buckets (tenant, name);
            CREATE TABLE objects (
                bucket BIGINT NOT NULL,
                key BYTEA NOT NULL,
                seq BIGINT NOT NULL,
                uid TEXT NOT NULL,
                unversioned BIGINT NOT NULL,
                size BIGINT NOT NULL,
                modified BIGINT NOT NULL,
                etag TEXT NOT NULL,
                blob TEXT,
                body TEXT NOT NULL,
                PRIMARY KEY (bucket, key)
            );
            CREATE TABLE object_versions (
                bucket BIGINT NOT NULL,
                key BYTEA NOT NULL,
                seq BIGINT NOT NULL,
                uid TEXT NOT NULL,
                unversioned BIGINT NOT NULL,
                size BIGINT NOT NULL,
                modified BIGINT NOT NULL,
                etag TEXT NOT NULL,
                blob TEXT,
                body TEXT NOT NULL,
                marker BIGINT NOT NULL,
                PRIMARY KEY (bucket, key, seq)
            )",
    },
    Migration::same("objects/0002_bytes", SHARED),
    // The wrapped key of an encrypted blob.
    Migration::same("objects/0056_seals", "ALTER TABLE blobs ADD COLUMN seal TEXT"),
    // Events on their way.
    Migration::same(
        "objects/0057_events",
        "CREATE TABLE object_events (
            id TEXT PRIMARY KEY,
            tenant TEXT NOT NULL,
            bucket TEXT NOT NULL,
            target TEXT NOT NULL,
            message TEXT NOT NULL,
            at BIGINT NOT NULL,
            attempts BIGINT NOT NULL,
            due BIGINT NOT NULL
        );
        CREATE INDEX object_events_due ON object_events (due, id)",
    ),
];
