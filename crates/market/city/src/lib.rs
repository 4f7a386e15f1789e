//! One city running: live or replayed from history, on the same engines.

pub mod live;
pub mod replay;
