//! The relational store: SQLite or PostgreSQL; migrations, transactions, outbox, leases.
