//! What a PostgreSQL client sends: how a connection begins, and messages of every type. Counts never make memory.
#![no_main]

use doorstep_pgwire::wire::{Message, message, opening};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((kind, body)) = data.split_first() else { return };
    let _ = opening(body.to_vec().into());
    if let Ok(Message::Bind { formats, values, results, .. }) = message(*kind, body.to_vec().into()) {
        let held: usize = values.iter().flatten().map(|value| value.len()).sum();
        assert!(held + values.len() * 4 + (formats.len() + results.len()) * 2 <= body.len());
    }
});
