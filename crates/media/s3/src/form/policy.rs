//! The policy of a form: what its holder may upload. A pure decision by the policy's text, the form and the time.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html>

use base64::prelude::{BASE64_STANDARD, Engine as _};
use doorstep_clock::Timestamp;
use s3s::{S3Error, S3ErrorCode, S3Result};
use serde_json::Value;

use super::fields::Fields;

/// What a form may hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Policy {
    expires: Timestamp,
    conditions: Vec<Condition>,
    /// Fewest and most bytes of the file.
    pub(super) length: (u64, u64),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Condition {
    /// The field is this.
    Is { field: String, value: String },
    /// It begins so.
    Begins { field: String, value: String },
}

fn invalid(reason: impl std::fmt::Display) -> S3Error {
    S3Error::with_message(S3ErrorCode::InvalidPolicyDocument, format!("Invalid Policy: {reason}"))
}

fn unfit(reason: impl std::fmt::Display) -> S3Error {
    S3Error::with_message(S3ErrorCode::AccessDenied, format!("Invalid according to Policy: {reason}"))
}

/// Fields that need no condition: they say who has made the policy, or nothing of what is stored. A checksum only
/// refuses bytes.
fn is_free(name: &str) -> bool {
    let named = ["policy", "x-amz-signature", "signature", "awsaccesskeyid", "submit", "x-amz-sdk-checksum-algorithm"];
    named.contains(&name) || name.starts_with("x-ignore-") || name.starts_with("x-amz-checksum-")
}

impl Policy {
    /// Reads a policy as a form has it, in base64.
    ///
    /// # Errors
    /// `InvalidPolicyDocument`, with what is wrong.
    pub(super) fn parse(encoded: &str) -> S3Result<Self> {
        let plain: String = encoded.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        let bytes = BASE64_STANDARD.decode(plain).map_err(|_| invalid("it is no base64."))?;
        let document: Value =
            serde_json::from_slice(&bytes).map_err(|error| invalid(format!("Invalid JSON: {error}")))?;
        let expiration = document.get("expiration").and_then(Value::as_str);
        let expiration = expiration.ok_or_else(|| invalid("Policy missing expiration."))?;
        // The reader of moments also takes a space, S3 does not.
        let moment = Timestamp::parse(expiration).ok().filter(|_| expiration.contains('T'));
        let expires = moment.ok_or_else(|| invalid(format!("Invalid 'expiration' value: '{expiration}'")))?;
        let listed = document.get("conditions").and_then(Value::as_array);
        let listed = listed.ok_or_else(|| invalid("Policy missing conditions."))?;
        let mut policy = Self { expires, conditions: Vec::new(), length: (0, u64::MAX) };
        for condition in listed {
            policy.add(condition).ok_or_else(|| invalid(format!("Invalid condition: {condition}")))?;
        }
        Ok(policy)
    }

    fn add(&mut self, condition: &Value) -> Option<()> {
        if let Value::Object(pairs) = condition {
            let [(field, Value::String(value))] = pairs.iter().collect::<Vec<_>>()[..] else { return None };
            self.conditions.push(Condition::Is { field: field.to_lowercase(), value: value.clone() });
            return Some(());
        }
        let [operator, first, second] = condition.as_array()?.as_slice() else { return None };
        let operator = operator.as_str()?.to_lowercase();
        if operator == "content-length-range" {
            let (least, most) = (first.as_u64()?, second.as_u64()?);
            self.length = (self.length.0.max(least), self.length.1.min(most));
            return (least <= most).then_some(());
        }
        let (field, value) = (first.as_str()?.strip_prefix('$')?.to_lowercase(), second.as_str()?.to_owned());
        self.conditions.push(match operator.as_str() {
            "eq" => Condition::Is { field, value },
            "starts-with" => Condition::Begins { field, value },
            _ => return None,
        });
        Some(())
    }

    /// Holds a form to the policy; the file's length is looked at while it comes.
    ///
    /// # Errors
    /// `AccessDenied`, with the condition that does not hold or the field that has none.
    pub(super) fn check(&self, form: &Fields, bucket: &str, now: Timestamp) -> S3Result<()> {
        if now >= self.expires {
            return Err(unfit("Policy expired."));
        }
        if form.get("bucket").is_some_and(|named| named != bucket) {
            return Err(unfit("the field bucket names another bucket than the address."));
        }
        let value = |field: &str| if field == "bucket" { Some(bucket) } else { form.get(field) };
        for condition in &self.conditions {
            let (operator, field, wanted, holds) = match condition {
                Condition::Is { field, value: wanted } => {
                    ("eq", field, wanted, value(field).is_some_and(|value| value == wanted))
                }
                Condition::Begins { field, value: wanted } => {
                    // Several types may be listed, and each has to begin so.
                    let each = |value: &str| match field.as_str() {
                        "content-type" => value.split(',').all(|one| one.trim().starts_with(wanted.as_str())),
                        _ => value.starts_with(wanted.as_str()),
                    };
                    // A field that is not there begins with nothing.
                    ("starts-with", field, wanted, each(value(field).unwrap_or_default()))
                }
            };
            if !holds {
                return Err(unfit(format!("Policy Condition failed: [\"{operator}\", \"${field}\", \"{wanted}\"]")));
            }
        }
        let named = |name: &str| {
            self.conditions.iter().any(|condition| match condition {
                Condition::Is { field, .. } | Condition::Begins { field, .. } => field == name,
            })
        };
        let mut names = form.names().chain(["bucket"]).filter(|name| !is_free(name));
        match names.find(|name| !named(name)) {
            Some(name) => Err(unfit(format!("Extra input fields: {name}"))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn policy(conditions: &str) -> S3Result<Policy> {
        let text = format!(r#"{{"expiration":"2030-01-01T00:00:00Z","conditions":{conditions}}}"#);
        Policy::parse(&BASE64_STANDARD.encode(text))
    }

    fn check(conditions: &str, form: &[(&str, &str)]) -> Result<(), String> {
        let form = Fields::new(form.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let now = Timestamp::parse("2029-12-31T23:59:59Z").unwrap();
        let told = |error: S3Error| error.message().unwrap_or_default().to_owned();
        policy(conditions).unwrap().check(&form, "photos", now).map_err(told)
    }

    #[test]
    fn conditions_hold_or_are_named() {
        let usual = r#"[{"bucket":"photos"},["starts-with","$key","a/"],["eq","$x-amz-meta-n","1"]]"#;
        assert_eq!(check(usual, &[("kEy", "a/b"), ("X-Amz-Meta-N", "1"), ("x-ignore-me", "")]), Ok(()));
        let failed = |form: &[(&str, &str)]| check(usual, form).unwrap_err();
        assert!(failed(&[("key", "b"), ("x-amz-meta-n", "1")]).ends_with(r#"failed: ["starts-with", "$key", "a/"]"#));
        assert!(failed(&[("key", "a/"), ("x-amz-meta-n", "2")]).ends_with(r#"failed: ["eq", "$x-amz-meta-n", "1"]"#));
        assert!(failed(&[("key", "a/")]).contains("x-amz-meta-n"), "a field that is not there is not this");
        let more = failed(&[("key", "a/"), ("x-amz-meta-n", "1"), ("acl", "public-read")]);
        assert!(more.ends_with("Extra input fields: acl"));
        assert!(failed(&[("key", "a/"), ("x-amz-meta-n", "1"), ("bucket", "other")]).contains("another bucket"));
        assert!(check(r#"[["starts-with","$key",""]]"#, &[("key", "k")]).unwrap_err().ends_with("fields: bucket"));
        let free =
            r#"[{"bucket":"photos"},["starts-with","$key","k"],["starts-with","$x-amz-server-side-encryption",""]]"#;
        assert_eq!(check(free, &[("key", "k")]), Ok(()));
        assert!(check(free, &[]).unwrap_err().contains("$key"));
        let types = r#"[{"bucket":"photos"},["starts-with","$Content-Type","image/"]]"#;
        assert_eq!(check(types, &[("content-type", "image/png, image/webp")]), Ok(()));
        assert!(check(types, &[("content-type", "image/png, text/html")]).is_err());
    }

    #[test]
    fn policies_that_are_none() {
        assert_eq!(policy(r#"[["content-length-range",1,9],["content-length-range",0,5]]"#).unwrap().length, (1, 5));
        for bad in [
            "{}",
            "[{}]",
            r#"[{"a":1}]"#,
            r#"[{"a":"1","b":"2"}]"#,
            r#"[["eq","key","k"]]"#,
            r#"[["ends-with","$key","k"]]"#,
            r#"[["eq","$key"]]"#,
            r#"[["content-length-range",0]]"#,
            r#"[["content-length-range",-1,0]]"#,
            r#"[["content-length-range",2,1]]"#,
            r#"["key"]"#,
        ] {
            assert_eq!(policy(bad).unwrap_err().code(), &S3ErrorCode::InvalidPolicyDocument, "{bad}");
        }
        for text in [
            r#"{"expiration":"2030-01-01 00:00:00Z","conditions":[]}"#,
            r#"{"Expiration":"2030-01-01T00:00:00Z","conditions":[]}"#,
            r#"{"expiration":"2030-01-01T00:00:00Z"}"#,
            "[]",
            "{",
        ] {
            assert!(Policy::parse(&BASE64_STANDARD.encode(text)).is_err(), "{text}");
        }
        assert!(Policy::parse("no base64!").is_err());
        let late = policy(r#"[{"bucket":"photos"}]"#).unwrap();
        let at = Timestamp::parse("2030-01-01T00:00:00Z").unwrap();
        assert!(late.check(&Fields::new([]), "photos", at).unwrap_err().message().unwrap().contains("expired"));
    }
}
