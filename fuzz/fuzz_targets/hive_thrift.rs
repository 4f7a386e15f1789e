//! What a Hive client sends: messages of the binary protocol and PLAIN responses. Counts never make memory.
#![no_main]

use doorstep_hive::{sasl, thrift};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(call) = thrift::read_call(data) {
        let _ = (call.request.structure(1).text(1), call.request.pairs(4).count(), call.request.texts(5));
    }
    let _ = thrift::read_fields(data);
    if let Ok(plain) = sasl::parse_plain(data) {
        assert!(!plain.access.is_empty());
    }
});
