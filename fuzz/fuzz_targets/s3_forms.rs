//! HTML forms that upload to S3: their fields, policies (also in Base64 made here) and signatures. Nobody guesses one.
#![no_main]

use base64::prelude::{BASE64_STANDARD, Engine as _};
use doorstep_clock::Timestamp;
use doorstep_objects::form::{FormHead, Parsed};
use doorstep_s3::parsers::{is_file, look};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Parsed::Head(mut head) = FormHead::parse(data, "b", is_file) else { return };
    let now = Timestamp::parse("2026-01-01T00:00:00Z").expect("a moment");
    let signed = look(&head, "photos", "secret", now);
    assert!(!matches!(signed, Ok(true)), "nobody guesses a signature");
    // The same with the policy's text as a policy, so that the fuzzer need not invent Base64.
    for (name, value) in &mut head.fields {
        if name.eq_ignore_ascii_case("policy") {
            *value = BASE64_STANDARD.encode(value.as_bytes());
        }
    }
    assert!(!matches!(look(&head, "photos", "secret", now), Ok(true)), "nobody guesses a signature");
});
