//! Image URLs in all three grammars; the first byte chooses. What is read has a text that means the same.
#![no_main]

use doorstep_images::grammar::{imgproxy, iopcmd, oss};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((kind, text)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let read = match kind % 3 {
        0 => iopcmd::parse(text),
        1 => oss::parse(text),
        _ => {
            let key = imgproxy::Key { key: vec![1; 32], salt: vec![2; 32] };
            assert!(!imgproxy::verify(text, &[key]), "nobody guesses a signature");
            imgproxy::parse(text).map(|request| request.pipeline)
        }
    };
    if let Ok(pipeline) = read {
        assert_eq!(iopcmd::parse(&pipeline.to_string()), Ok(pipeline));
    }
});
