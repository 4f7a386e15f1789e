//! Server-side encryption: what requests ask for, what answers tell, and the default of a bucket.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use doorstep_objects::{CustomerKey, DefaultEncryption, Encrypt, Meta, ObjectsError, Sealed, md5};
use s3s::dto::*;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use crate::access::bucket;
use crate::error::{argument, s3};
use crate::operations::Operations;

const AES: &str = "AES256";
const KMS: &str = "aws:kms";

/// The three headers of a customer's key.
pub(crate) struct Customer<'a> {
    pub(crate) algorithm: Option<&'a String>,
    pub(crate) key: Option<&'a String>,
    pub(crate) md5: Option<&'a String>,
}

macro_rules! customer {
    ($input:expr) => {
        $crate::encryption::Customer {
            algorithm: $input.sse_customer_algorithm.as_ref(),
            key: $input.sse_customer_key.as_ref(),
            md5: $input.sse_customer_key_md5.as_ref(),
        }
    };
}
pub(crate) use customer;

macro_rules! source_customer {
    ($input:expr) => {
        $crate::encryption::Customer {
            algorithm: $input.copy_source_sse_customer_algorithm.as_ref(),
            key: $input.copy_source_sse_customer_key.as_ref(),
            md5: $input.copy_source_sse_customer_key_md5.as_ref(),
        }
    };
}
pub(crate) use source_customer;

/// How an upload asks to be encrypted.
macro_rules! asked_of {
    ($input:expr) => {
        $crate::encryption::asked(
            &$crate::encryption::customer!($input),
            $input.server_side_encryption.as_ref().map(|word| word.as_str()),
            $input.ssekms_key_id.as_deref(),
        )
    };
}
pub(crate) use asked_of;

impl Customer<'_> {
    /// The key, if one came; all three headers have to agree.
    pub(crate) fn key(&self) -> S3Result<Option<CustomerKey>> {
        let (Some(algorithm), Some(key), Some(sum)) = (self.algorithm, self.key, self.md5) else {
            if self.algorithm.is_none() && self.key.is_none() && self.md5.is_none() {
                return Ok(None);
            }
            return Err(argument(
                "Requests specifying Server Side Encryption with Customer provided keys must provide a valid encryption algorithm, an appropriate secret key and the MD5 of the secret key.",
            ));
        };
        if algorithm != AES {
            let message = "The encryption algorithm of a customer's key is AES256.";
            return Err(S3Error::with_message(S3ErrorCode::InvalidEncryptionAlgorithmError, message));
        }
        let bytes = BASE64_STANDARD.decode(key).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let bytes = bytes.ok_or_else(|| argument("The secret key was invalid for the specified algorithm."))?;
        if BASE64_STANDARD.decode(sum).ok().as_deref() != Some(md5(&bytes).as_slice()) {
            let message = "The calculated MD5 hash of the key did not match the hash that was provided.";
            return Err(argument(message));
        }
        Ok(Some(CustomerKey::new(bytes)))
    }
}

pub(crate) fn asked(customer: &Customer<'_>, word: Option<&str>, name: Option<&str>) -> S3Result<Encrypt> {
    match (customer.key()?, word, name) {
        (Some(_), Some(_), _) | (Some(_), _, Some(_)) => Err(argument(
            "Server Side Encryption with Customer provided key is incompatible with the encryption method specified",
        )),
        (Some(key), None, None) => Ok(Encrypt::Customer(key)),
        (None, None, None) => Ok(Encrypt::Default),
        (None, Some(AES), None) => Ok(Encrypt::Node),
        (None, Some(KMS), Some(name)) if !name.is_empty() => Ok(Encrypt::Named(name.to_owned())),
        (None, Some(KMS), _) => Err(argument(
            "x-amz-server-side-encryption-aws-kms-key-id names one of the keys in objects.encryption_keys",
        )),
        (None, Some(AES) | None, Some(_)) => {
            Err(argument("x-amz-server-side-encryption-aws-kms-key-id goes with x-amz-server-side-encryption: aws:kms"))
        }
        (None, Some(_), _) => Err(argument("The encryption method specified is not supported")),
    }
}

/// Reads say nothing of encryption but the customer's key.
pub(crate) fn not_asked(headers: &http::HeaderMap) -> S3Result<()> {
    if headers.contains_key("x-amz-server-side-encryption") {
        return Err(argument("x-amz-server-side-encryption header is not supported for this operation."));
    }
    Ok(())
}

pub(crate) fn word(meta: &Meta) -> Option<ServerSideEncryption> {
    match &meta.sealed {
        Some(Sealed::Node) => Some(ServerSideEncryption::from_static(AES)),
        Some(Sealed::Named { .. }) => Some(ServerSideEncryption::from_static(KMS)),
        Some(Sealed::Customer { .. }) | None => None,
    }
}

pub(crate) fn name(meta: &Meta) -> Option<String> {
    match &meta.sealed {
        Some(Sealed::Named { key }) => Some(key.clone()),
        _ => None,
    }
}

/// Tells in an answer under whose key the object is; `$md5` is the customer's, as the request named it.
macro_rules! tell {
    ($output:expr, $meta:expr, $md5:expr) => {{
        $output.server_side_encryption = $crate::encryption::word(&$meta);
        $output.ssekms_key_id = $crate::encryption::name(&$meta);
        if matches!($meta.sealed, Some(doorstep_objects::Sealed::Customer { .. })) {
            $output.sse_customer_algorithm = Some("AES256".to_owned());
            $output.sse_customer_key_md5 = $md5;
        }
    }};
}
pub(crate) use tell;

pub(crate) async fn get_bucket_encryption(
    _: &Operations,
    request: S3Request<GetBucketEncryptionInput>,
) -> S3Result<S3Response<GetBucketEncryptionOutput>> {
    let default = bucket(&request)?.settings.encryption.clone();
    let default = default.ok_or_else(|| s3(ObjectsError::NotConfigured("encryption")))?;
    let (algorithm, key) = match default {
        DefaultEncryption::Node => (AES, None),
        DefaultEncryption::Named { key } => (KMS, Some(key)),
    };
    let rule = ServerSideEncryptionRule {
        apply_server_side_encryption_by_default: Some(ServerSideEncryptionByDefault {
            kms_master_key_id: key,
            sse_algorithm: ServerSideEncryption::from_static(algorithm),
        }),
        bucket_key_enabled: Some(false),
    };
    let configuration = ServerSideEncryptionConfiguration { rules: vec![rule] };
    Ok(S3Response::new(GetBucketEncryptionOutput { server_side_encryption_configuration: Some(configuration) }))
}

pub(crate) async fn put_bucket_encryption(
    face: &Operations,
    request: S3Request<PutBucketEncryptionInput>,
) -> S3Result<S3Response<PutBucketEncryptionOutput>> {
    let input = request.input;
    let mut rules = input.server_side_encryption_configuration.rules;
    let rule = rules.pop().filter(|_| rules.is_empty()).and_then(|rule| rule.apply_server_side_encryption_by_default);
    let malformed =
        || S3Error::with_message(S3ErrorCode::MalformedXML, "write one rule with ApplyServerSideEncryptionByDefault");
    let rule = rule.ok_or_else(malformed)?;
    let default = match (rule.sse_algorithm.as_str(), rule.kms_master_key_id) {
        (AES, None) => DefaultEncryption::Node,
        (KMS, Some(key)) => DefaultEncryption::Named { key },
        (KMS, None) => return Err(argument("KMSMasterKeyID names one of the keys in objects.encryption_keys")),
        (AES, Some(_)) => return Err(argument("KMSMasterKeyID goes with aws:kms")),
        _ => return Err(malformed()),
    };
    face.objects.set_encryption(&input.bucket, Some(default)).await.map_err(s3)?;
    Ok(S3Response::new(PutBucketEncryptionOutput::default()))
}

pub(crate) async fn delete_bucket_encryption(
    face: &Operations,
    request: S3Request<DeleteBucketEncryptionInput>,
) -> S3Result<S3Response<DeleteBucketEncryptionOutput>> {
    face.objects.set_encryption(&request.input.bucket, None).await.map_err(s3)?;
    Ok(S3Response::with_status(DeleteBucketEncryptionOutput::default(), http::StatusCode::NO_CONTENT))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_one_thing() {
        let none = Customer { algorithm: None, key: None, md5: None };
        let of = |word: Option<&str>, name: Option<&str>| asked(&none, word, name);
        assert!(matches!(of(None, None), Ok(Encrypt::Default)));
        assert!(matches!(of(Some("AES256"), None), Ok(Encrypt::Node)));
        assert!(matches!(of(Some("aws:kms"), Some("k")), Ok(Encrypt::Named(name)) if name == "k"));
        for (word, name) in
            [(Some("aws:kms"), None), (Some("AES256"), Some("k")), (None, Some("k")), (Some("aes:kms"), None)]
        {
            assert_eq!(of(word, name).unwrap_err().code().as_str(), "InvalidArgument");
        }
    }

    #[test]
    fn a_customers_key_comes_whole() {
        let text = str::to_owned;
        let (key, sum) = (text("pO3upElrwuEXSoFwCfnZPdSsmt/xWeFa0N9KgDijwVs="), text("DWygnHRtgiJ77HCm+1rvHw=="));
        let (aes, other) = (text("AES256"), text("AES192"));
        let of = |algorithm, key, md5| Customer { algorithm, key, md5 }.key();
        assert!(of(Some(&aes), Some(&key), Some(&sum)).unwrap().is_some());
        assert!(of(None, None, None).unwrap().is_none());
        assert!(of(Some(&other), Some(&key), Some(&sum)).is_err());
        assert!(of(Some(&aes), Some(&key), Some(&key)).is_err());
        assert!(of(Some(&aes), Some(&sum), Some(&sum)).is_err());
        assert!(of(None, Some(&key), Some(&sum)).is_err());
        assert!(of(Some(&aes), None, None).is_err());
    }
}
