//! Road graphs, shortest paths and travel-time tables.
