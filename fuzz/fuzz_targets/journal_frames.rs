//! Segments of the journal: a frame that is read says how long it is, and a walk ends inside the segment.
#![no_main]

use doorstep_journal::frame;
use doorstep_journal::recovery::{Stop, walk};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok((_, used)) = frame::parse(data) {
        assert!(used > 0 && used <= data.len());
    }
    let mut last = 0;
    let stop = walk(data, 0, &mut |offset, _| {
        assert!(offset == 0 || offset > last, "frames come in their order");
        last = offset;
    });
    match stop {
        Stop::End => {}
        Stop::Torn { offset, .. } => assert!(offset < data.len()),
        Stop::Damaged { offset, witness, .. } => assert!(offset < witness && witness < data.len()),
    }
});
