//! Paths and queries as requests for pictures, cut at the first `?`. What belongs to the protocol stays as it was.
#![no_main]

use doorstep_pictures::{Ask, Place};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (path, query) = text.split_once('?').map_or((text, None), |(path, query)| (path, Some(query)));
    if let Ok(Some(ask)) = Ask::of(path, query)
        && let Place::Protocol { rest } = ask.place
    {
        let given = query.unwrap_or_default();
        assert!(rest.split('&').all(|pair| given.split('&').any(|one| one == pair) || pair.is_empty()));
        // What is left asks for nothing more.
        assert!(matches!(Ask::of(path, Some(&rest)), Ok(None)));
    }
});
