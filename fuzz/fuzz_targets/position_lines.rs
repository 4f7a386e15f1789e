//! The API's NDJSON position lines. The reader is pure and stands in two files of the binary, taken here as they are.
//! The first byte says into pieces of which size the text is cut: lines must come whole however they arrive.
#![no_main]
#![allow(dead_code)]

#[path = "../../crates/doorstep/src/api/json.rs"]
mod json;
#[path = "../../crates/doorstep/src/api/position_line.rs"]
mod position_line;

use libfuzzer_sys::fuzz_target;
use position_line::{LINE, LineFault, Pieces, read, split};

fuzz_target!(|data: &[u8]| {
    let Some((size, text)) = data.split_first() else { return };
    let mut last = 0;
    for (number, line) in split(text) {
        assert!(number > last && !line.is_empty());
        last = number;
        match read(line) {
            Ok(report) => {
                let finite = |value: Option<f32>| value.is_none_or(f32::is_finite);
                assert!(report.point.lat().is_finite() && report.point.lon().is_finite());
                assert!(finite(report.bearing_deg) && finite(report.speed_mps));
            }
            Err(LineFault::TooLong) => assert!(line.len() > LINE),
            Err(LineFault::Json(fault)) => {
                assert!(!fault.message.is_empty() && !fault.fix.is_empty());
                assert!(fault.field.is_empty() || fault.field.starts_with('/'), "{}", fault.field);
            }
            Err(LineFault::Nowhere(_) | LineFault::Motion(_)) => {}
        }
    }
    let (mut pieces, mut whole) = (Pieces::default(), Vec::new());
    for piece in text.chunks(usize::from(*size) + 1) {
        if pieces.add(piece, |lines| whole.extend_from_slice(lines)).is_err() {
            assert!(text.len() > LINE, "a line of the allowed length was refused");
            return;
        }
    }
    pieces.end(|lines| whole.extend_from_slice(lines));
    assert_eq!(whole, text);
});
