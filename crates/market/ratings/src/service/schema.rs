//! Tables of reviews. One text for both stores.

use doorstep_store::Migration;

/// To be passed to `Store::open`.
pub const MIGRATIONS: &[Migration] = &[Migration::same(
    "ratings/0001_reviews",
    "CREATE TABLE reviews (
        order_id TEXT NOT NULL,
        side TEXT NOT NULL,
        tenant TEXT NOT NULL,
        author TEXT NOT NULL,
        subject TEXT NOT NULL,
        stars BIGINT NOT NULL,
        moderation TEXT NOT NULL,
        both_wrote BIGINT NOT NULL,
        closes_at BIGINT NOT NULL,
        version BIGINT NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (order_id, side)
    );
    CREATE INDEX reviews_by_subject ON reviews (tenant, side, subject, order_id);
    CREATE TABLE review_blocks (
        tenant TEXT NOT NULL,
        rider TEXT NOT NULL,
        driver TEXT NOT NULL,
        side TEXT NOT NULL,
        order_id TEXT NOT NULL,
        at BIGINT NOT NULL,
        PRIMARY KEY (tenant, rider, driver, side)
    );
    CREATE INDEX review_blocks_by_driver ON review_blocks (tenant, driver);
    CREATE TABLE review_warnings (
        tenant TEXT NOT NULL,
        side TEXT NOT NULL,
        subject TEXT NOT NULL,
        status TEXT NOT NULL,
        since BIGINT NOT NULL,
        reasons TEXT NOT NULL,
        PRIMARY KEY (tenant, side, subject)
    )",
)];
