//! Tests of the live decision.
