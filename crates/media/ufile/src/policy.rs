//! The put policy: what is done after an upload. Signed with the request, so its words are the key holder's.

use std::collections::BTreeMap;

use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine as _, alphabet};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::UfileError;
use crate::query::brief;

/// Longest policy, bytes of JSON.
const MOST_BYTES: usize = 8 << 10;
/// Longest body of a callback after its variables were put in, bytes.
const MOST_BODY: usize = 64 << 10;

const URL_SAFE: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A put policy: whom to call when an upload is stored.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PutPolicy {
    /// The address to post to; its answer is passed on to the uploader.
    pub callback_url: String,
    /// What is posted; `$(x:name)` stands for a variable.
    #[serde(default)]
    pub callback_body: String,
    /// The type of what is posted.
    #[serde(default = "form")]
    pub callback_body_type: String,
    /// The variables, named `x:name`.
    #[serde(default)]
    pub callback_var: BTreeMap<String, String>,
}

fn form() -> String {
    "application/x-www-form-urlencoded".to_owned()
}

impl PutPolicy {
    /// Reads a policy: JSON in URL-safe base64.
    ///
    /// # Errors
    /// [`UfileError::BadField`] for anything else, and for what no callback is: it would not be done.
    pub fn parse(text: &str) -> Result<Self, UfileError> {
        let bad = |reason: String| {
            UfileError::field("policy", reason, "send {\"callbackUrl\":…,\"callbackBody\":…} in URL-safe base64")
        };
        if text.len() > MOST_BYTES * 4 / 3 + 4 {
            return Err(bad("it is longer than 8 KiB".to_owned()));
        }
        let json = URL_SAFE.decode(text).map_err(|e| bad(e.to_string()))?;
        let policy: Self = serde_json::from_slice(&json).map_err(|e| bad(e.to_string()))?;
        // It becomes a header of the callback.
        if http::HeaderValue::from_str(&policy.callback_body_type).is_err() {
            return Err(bad("callbackBodyType is no media type".to_owned()));
        }
        policy.body()?;
        Ok(policy)
    }

    /// What is posted, with its variables put in as the body's type wants them.
    ///
    /// # Errors
    /// [`UfileError::BadField`] for a variable that is not given.
    pub fn body(&self) -> Result<String, UfileError> {
        let json = self.callback_body_type.trim_start().starts_with("application/json");
        let (mut out, mut rest) = (String::new(), self.callback_body.as_str());
        while let Some(at) = rest.find("$(x:") {
            let Some(end) = rest[at..].find(')') else { break };
            let name = &rest[at + 2..at + end];
            let value = self.callback_var.get(name).ok_or_else(|| {
                UfileError::field("callbackBody", format!("`{}` is not in callbackVar", brief(name)), "give it a value")
            })?;
            out.push_str(&rest[..at]);
            if json {
                let quoted = serde_json::Value::String(value.clone()).to_string();
                out.push_str(&quoted[1..quoted.len() - 1]);
            } else {
                out.extend(utf8_percent_encode(value, NON_ALPHANUMERIC));
            }
            if out.len() > MOST_BODY {
                return Err(UfileError::field("callbackBody", "it is longer than 64 KiB", "send less"));
            }
            rest = &rest[at + end + 1..];
        }
        out.push_str(rest);
        Ok(out)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use base64::prelude::{BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD};

    use super::*;

    fn policy(json: &str) -> Result<PutPolicy, UfileError> {
        PutPolicy::parse(&BASE64_URL_SAFE.encode(json))
    }

    #[test]
    fn the_documented_ones() {
        let plain =
            policy(r#"{"callbackUrl":"http://test.ucloud.cn","callbackBody":"key1=value1&key2=value2"}"#).unwrap();
        assert_eq!(plain.body().unwrap(), "key1=value1&key2=value2");
        assert_eq!(plain.callback_body_type, "application/x-www-form-urlencoded");
        let with = r#"{"callbackUrl":"http://x","callbackBody":"Name=$(x:name)&Age=$(x:age)$","callbackVar":{"x:name":"A&B","x:age":"20"}}"#;
        assert_eq!(policy(with).unwrap().body().unwrap(), "Name=A%26B&Age=20$");
        let json = r#"{"callbackUrl":"http://x","callbackBody":"{\"Name\":\"$(x:n)\"}","callbackBodyType":"application/json","callbackVar":{"x:n":"\"q\""}}"#;
        assert_eq!(policy(json).unwrap().body().unwrap(), r#"{"Name":"\"q\""}"#);
        let bare = BASE64_URL_SAFE_NO_PAD.encode(r#"{"callbackUrl":"http://x"}"#);
        assert!(PutPolicy::parse(&bare).is_ok(), "without padding");
    }

    #[test]
    fn what_is_none() {
        for bad in [
            "",
            "{}",
            "[]",
            r#"{"callbackUrl":1}"#,
            r#"{"callbackUrl":"http://x","returnUrl":"http://y"}"#,
            r#"{"callbackUrl":"http://x","callbackBody":"$(x:none)"}"#,
            r#"{"callbackUrl":"http://x","callbackBodyType":"a\nb: c"}"#,
        ] {
            assert!(policy(bad).is_err(), "{bad}");
        }
        assert!(PutPolicy::parse("not base64!").is_err());
        assert!(policy(&format!(r#"{{"callbackUrl":"{}"}}"#, "x".repeat(9000))).is_err());
        let many = format!(
            r#"{{"callbackUrl":"u","callbackBody":"{}","callbackVar":{{"x:a":"{}"}}}}"#,
            "$(x:a)".repeat(600),
            "y".repeat(3000)
        );
        assert!(policy(&many).is_err(), "variables do not blow up a body");
    }
}
