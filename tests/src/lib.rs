//! End-to-end tests with real clients against the real binary.
