//! What callers say of themselves: headers, tokens, scopes and ids. Nothing made up is ever believed.
#![no_main]

use doorstep_identity::{ScopeSet, Signer, parse_authorization, parse_bearer_base64url};
use doorstep_orders::{DriverId, OrderId};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for (access, secret) in [parse_authorization(text), parse_bearer_base64url(text)].into_iter().flatten() {
        assert!(!access.is_empty() && !secret.is_empty());
    }
    let signer = Signer::with_key([7; 32]);
    assert!(signer.verify::<serde_json::Value>("quote", text).is_err());
    if let Ok(scopes) = text.parse::<ScopeSet>() {
        let again = if scopes.is_empty() { ScopeSet::default() } else { scopes.to_string().parse().expect("its own words") };
        assert_eq!(scopes, again);
    }
    if let Ok(id) = text.parse::<OrderId>() {
        assert_eq!(id.to_string().parse::<OrderId>().ok(), Some(id));
    }
    let _ = text.parse::<DriverId>();
});
