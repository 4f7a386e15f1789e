//! The `Authorization` header: Bearer with both halves of a key, or HTTP Basic (RFC 7617).

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine as _};

use crate::IdentityError;

/// The access key and the secret in the value of an `Authorization` header.
///
/// # Errors
/// [`IdentityError::Missing`] when the value has neither form.
pub fn parse_authorization(value: &str) -> Result<(String, String), IdentityError> {
    let (scheme, rest) = value.trim().split_once(' ').ok_or(IdentityError::Missing)?;
    let pair = match scheme.to_ascii_lowercase().as_str() {
        "bearer" => rest.trim().to_owned(),
        "basic" => decoded(BASE64_STANDARD.decode(rest.trim()))?,
        _ => return Err(IdentityError::Missing),
    };
    split(&pair)
}

/// The same two halves from base64url text, as a browser's WebSocket hands them over in a subprotocol.
///
/// # Errors
/// [`IdentityError::Missing`] when it is not such a text.
pub fn parse_bearer_base64url(text: &str) -> Result<(String, String), IdentityError> {
    split(&decoded(BASE64_URL_SAFE_NO_PAD.decode(text))?)
}

fn decoded(bytes: Result<Vec<u8>, base64::DecodeError>) -> Result<String, IdentityError> {
    bytes.ok().and_then(|b| String::from_utf8(b).ok()).ok_or(IdentityError::Missing)
}

fn split(pair: &str) -> Result<(String, String), IdentityError> {
    match pair.split_once(':') {
        Some((access, secret)) if !access.is_empty() && !secret.is_empty() => {
            Ok((access.to_owned(), secret.to_owned()))
        }
        _ => Err(IdentityError::Missing),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        let pair = ("key_1".to_owned(), "s:e".to_owned());
        assert_eq!(parse_authorization("Bearer key_1:s:e").unwrap(), pair);
        assert_eq!(parse_authorization("basic a2V5XzE6czpl").unwrap(), pair);
        assert_eq!(parse_bearer_base64url("a2V5XzE6czpl").unwrap(), pair);
        for bad in ["", "Bearer", "Bearer x", "Bearer :x", "Bearer x:", "Digest a:b", "Basic ???", "Basic /w=="] {
            assert!(parse_authorization(bad).is_err(), "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".*") {
            let _ = parse_authorization(&text);
            let _ = parse_bearer_base64url(&text);
        }
    }
}
