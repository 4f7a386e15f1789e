//! Ordered event streams with consumer positions, crash-safe in files.
