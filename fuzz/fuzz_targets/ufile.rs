//! What a UFile request says before anybody is known: queries, authorizations, put policies, forms.
//! The first byte chooses. Nothing made up is ever believed.
#![no_main]

use doorstep_ufile::parsers::{Authorization, FormHead, Parsed, PutPolicy, Query, boundary, is_file, verify};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((kind, bytes)) = data.split_first() else { return };
    if kind % 5 == 0 {
        // However much of a form is there, what was read of it stays the same.
        if let Parsed::Head(head) = FormHead::parse(bytes, "b", is_file) {
            assert!(head.at <= bytes.len());
            assert_eq!(FormHead::parse(&bytes[..head.at], "b", is_file), Parsed::Head(head));
        }
        return;
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match kind % 5 {
        1 => {
            if let Ok(query) = Query::parse(text) {
                assert!(query.get("UCloudPublicKey").is_none_or(|public| query.has("UCloudPublicKey") || public.is_empty()));
            }
        }
        2 => {
            if let Ok(authorization) = Authorization::parse(text) {
                assert!(!authorization.public.is_empty() && !authorization.signature.is_empty());
                assert!(!verify("private", &authorization.signature, &[bytes.to_vec()]), "nobody guesses a signature");
            }
        }
        3 => {
            if let Ok(policy) = PutPolicy::parse(text) {
                assert!(policy.body().expect("was looked at when it was read").len() <= 128 << 10);
            }
        }
        _ => {
            if let Some(found) = boundary(text) {
                assert!(!found.is_empty() && found.len() <= 200);
            }
        }
    }
});
