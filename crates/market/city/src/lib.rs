//! One city running: live or replayed from history, on the same engines.
