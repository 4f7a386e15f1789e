//! Who has made a form's policy: the signature over its text, as SigV4 and, since forms of old pages still have it,
//! SigV2 write it. Pure.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use doorstep_clock::Timestamp;
use hmac::{Hmac, KeyInit as _, Mac as _};
use s3s::{S3Error, S3ErrorCode, S3Result};
use sha1::Sha1;
use sha2::Sha256;

use super::fields::Fields;
use crate::error::argument;

/// How far ahead of us the clock may be by which a form was signed, milliseconds.
const SKEW_MS: i64 = 15 * 60 * 1000;
/// How long a key of SigV4 is good, milliseconds. Until then the policy says when the form ends.
const WEEK_MS: i64 = 7 * 24 * 3600 * 1000;

/// A form's signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Signature {
    /// The key that has signed.
    pub(super) access: String,
    sum: Vec<u8>,
    scope: Option<Scope>,
}

/// What a key of SigV4 is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Scope {
    day: String,
    region: String,
    at: Timestamp,
}

fn mismatch() -> S3Error {
    let message = "The request signature we calculated does not match the signature you provided. Check your key and signing method.";
    S3Error::with_message(S3ErrorCode::SignatureDoesNotMatch, message)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pair = |ix: usize| u8::from_str_radix(text.get(ix..ix + 2)?, 16).ok();
    text.len().is_multiple_of(2).then(|| (0..text.len()).step_by(2).map(pair).collect())?
}

/// `20260101T120000Z`.
fn moment(text: &str) -> Option<Timestamp> {
    let digits = |from: usize, to: usize| text.get(from..to).filter(|part| part.bytes().all(|b| b.is_ascii_digit()));
    let (year, month, day) = (digits(0, 4)?, digits(4, 6)?, digits(6, 8)?);
    let (hour, minute, second) = (digits(9, 11)?, digits(11, 13)?, digits(13, 15)?);
    let framed = text.len() == 16 && text.as_bytes()[8] == b'T' && text.ends_with('Z');
    Timestamp::parse(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z")).ok().filter(|_| framed)
}

impl Signature {
    /// The signature of a form; nothing where nobody claims to have signed it.
    ///
    /// # Errors
    /// `InvalidArgument` for a part that is missing or no such thing.
    pub(super) fn of(form: &Fields) -> S3Result<Option<Self>> {
        if ["x-amz-signature", "x-amz-credential", "x-amz-algorithm"].iter().any(|name| form.get(name).is_some()) {
            return Self::v4(form).map(Some);
        }
        if form.get("awsaccesskeyid").is_none() && form.get("signature").is_none() {
            return Ok(None);
        }
        let access = form.needed("awsaccesskeyid")?.to_owned();
        let sum = BASE64_STANDARD.decode(form.needed("signature")?).map_err(|_| mismatch())?;
        form.needed("policy")?;
        Ok(Some(Self { access, sum, scope: None }))
    }

    fn v4(form: &Fields) -> S3Result<Self> {
        form.needed("policy")?;
        if form.needed("x-amz-algorithm")? != "AWS4-HMAC-SHA256" {
            return Err(argument("x-amz-algorithm is AWS4-HMAC-SHA256."));
        }
        let parts: Vec<&str> = form.needed("x-amz-credential")?.split('/').collect();
        let [access, day, region, "s3", "aws4_request"] = parts[..] else {
            return Err(argument("x-amz-credential is KEY/YYYYMMDD/REGION/s3/aws4_request."));
        };
        let date = form.needed("x-amz-date")?;
        let at = moment(date).filter(|_| date.starts_with(day) && day.len() == 8);
        let at = at.ok_or_else(|| argument("x-amz-date is YYYYMMDD'T'HHMMSS'Z', of the day of x-amz-credential."))?;
        let sum = unhex(form.needed("x-amz-signature")?).ok_or_else(mismatch)?;
        let scope = Some(Scope { day: day.to_owned(), region: region.to_owned(), at });
        Ok(Self { access: access.to_owned(), sum, scope })
    }

    /// Compares it with the one that this secret gives for the policy's text.
    ///
    /// # Errors
    /// `SignatureDoesNotMatch`, `RequestTimeTooSkewed`, `AccessDenied` for a signature that is older than a week.
    pub(super) fn verify(&self, secret: &str, policy: &str, now: Timestamp) -> S3Result<()> {
        let Some(Scope { day, region, at }) = &self.scope else {
            let mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).map_err(|_| mismatch())?;
            return mac.chain_update(policy).verify_slice(&self.sum).map_err(|_| mismatch());
        };
        let age = now.ms_since(*at);
        if age < -SKEW_MS {
            let message = "The difference between the request time and the server's time is too large.";
            return Err(S3Error::with_message(S3ErrorCode::RequestTimeTooSkewed, message));
        }
        if age > WEEK_MS {
            return Err(S3Error::with_message(S3ErrorCode::AccessDenied, "Request has expired"));
        }
        let mut key = format!("AWS4{secret}").into_bytes();
        for part in [day, region, "s3", "aws4_request"] {
            let mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| mismatch())?;
            key = mac.chain_update(part).finalize().into_bytes().to_vec();
        }
        let mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| mismatch())?;
        mac.chain_update(policy).verify_slice(&self.sum).map_err(|_| mismatch())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    // The example of AWS's page "Browser-Based Upload using HTTP POST (Using AWS Signature Version 4)".
    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    const POLICY: &str = concat!(
        "eyAiZXhwaXJhdGlvbiI6ICIyMDE1LTEyLTMwVDEyOjAwOjAwLjAwMFoiLA0KICAiY29uZGl0aW9ucyI6IFsNCiAgICB7ImJ1Y2tldCI6ICJzaWd2N",
        "GV4YW1wbGVidWNrZXQifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRrZXkiLCAidXNlci91c2VyMS8iXSwNCiAgICB7ImFjbCI6ICJwdWJsaWMtcmVh",
        "ZCJ9LA0KICAgIHsic3VjY2Vzc19hY3Rpb25fcmVkaXJlY3QiOiAiaHR0cDovL3NpZ3Y0ZXhhbXBsZWJ1Y2tldC5zMy5hbWF6b25hd3MuY29tL3N1Y2Nl",
        "c3NmdWxfdXBsb2FkLmh0bWwifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRDb250ZW50LVR5cGUiLCAiaW1hZ2UvIl0sDQogICAgeyJ4LWFtei1tZXRh",
        "LXV1aWQiOiAiMTQzNjUxMjM2NTEyNzQifSwNCiAgICB7IngtYW16LXNlcnZlci1zaWRlLWVuY3J5cHRpb24iOiAiQUVTMjU2In0sDQogICAgWyJzdGFy",
        "dHMtd2l0aCIsICIkeC1hbXotbWV0YS10YWciLCAiIl0sDQoNCiAgICB7IngtYW16LWNyZWRlbnRpYWwiOiAiQUtJQUlPU0ZPRE5ON0VYQU1QTEUvMjAx",
        "NTEyMjkvdXMtZWFzdC0xL3MzL2F3czRfcmVxdWVzdCJ9LA0KICAgIHsieC1hbXotYWxnb3JpdGhtIjogIkFXUzQtSE1BQy1TSEEyNTYifSwNCiAgICB7",
        "IngtYW16LWRhdGUiOiAiMjAxNTEyMjlUMDAwMDAwWiIgfQ0KICBdDQp9"
    );

    fn form(change: &[(&str, &str)]) -> Fields {
        let usual = [
            ("policy", POLICY),
            ("x-amz-algorithm", "AWS4-HMAC-SHA256"),
            ("x-amz-credential", "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request"),
            ("x-amz-date", "20151229T000000Z"),
            ("x-amz-signature", "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e"),
        ];
        let pairs = change.iter().chain(&usual).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Fields::new(pairs)
    }

    #[test]
    fn the_published_example() {
        let signature = Signature::of(&form(&[])).unwrap().unwrap();
        assert_eq!(signature.access, "AKIAIOSFODNN7EXAMPLE");
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let code = |error: S3Error| error.code().as_str().to_owned();
        let verify = |secret: &str, policy: &str, now| signature.verify(secret, policy, at(now)).map_err(code);
        // A form that was made in the morning is sent in the evening.
        assert_eq!(verify(SECRET, POLICY, "2015-12-29T20:00:00Z"), Ok(()));
        assert_eq!(verify("x", POLICY, "2015-12-29T20:00:00Z").unwrap_err(), "SignatureDoesNotMatch");
        assert_eq!(verify(SECRET, "e30=", "2015-12-29T20:00:00Z").unwrap_err(), "SignatureDoesNotMatch");
        assert_eq!(verify(SECRET, POLICY, "2016-01-05T00:00:01Z").unwrap_err(), "AccessDenied");
        assert_eq!(verify(SECRET, POLICY, "2015-12-28T23:40:00Z").unwrap_err(), "RequestTimeTooSkewed");
    }

    #[test]
    fn what_is_missing_is_named() {
        for (name, value) in [
            ("x-amz-signature", "no hexadecimal"),
            ("x-amz-credential", "a/20151230/us-east-1/s3/aws4_request"),
            ("x-amz-credential", "a/20151229/us-east-1/sqs/aws4_request"),
            ("x-amz-algorithm", "AWS4-HMAC-SHA1"),
            ("x-amz-date", "2015-12-29T00:00:00Z"),
            ("x-amz-date", "20151329T000000Z"),
        ] {
            assert!(Signature::of(&form(&[(name, value)])).is_err(), "{name} {value}");
        }
        // A signature of no length is a wrong one, and found out where it is compared.
        let empty = Signature::of(&form(&[("x-amz-signature", "")])).unwrap().unwrap();
        let at = Timestamp::parse("2015-12-29T20:00:00Z").unwrap();
        assert_eq!(empty.verify(SECRET, POLICY, at).unwrap_err().code(), &S3ErrorCode::SignatureDoesNotMatch);
        let v2 = |pairs: &[(&str, &str)]| {
            Signature::of(&Fields::new(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))))
        };
        assert_eq!(v2(&[("key", "k"), ("policy", "e30=")]).unwrap(), None);
        let missing = v2(&[("policy", "e30="), ("AWSAccessKeyId", "a")]).unwrap_err();
        assert_eq!(
            (missing.code(), missing.message().unwrap().contains("'signature'")),
            (&S3ErrorCode::InvalidArgument, true)
        );
        let signed = v2(&[("policy", "e30="), ("AWSAccessKeyId", "a"), ("signature", "eA==")]).unwrap().unwrap();
        assert!(signed.verify("s", "e30=", Timestamp(0)).is_err());
    }
}
