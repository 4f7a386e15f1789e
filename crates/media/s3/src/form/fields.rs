//! The fields of a form, and the upload that they describe.

use std::collections::BTreeMap;

use s3s::dto::{
    ChecksumAlgorithm, Metadata, ObjectCannedACL, ObjectLockLegalHoldStatus, ObjectLockMode, PutObjectInput,
    ServerSideEncryption, StorageClass, StreamingBlob, Tagging, Timestamp, TimestampFormat,
};
use s3s::xml::{Deserialize as _, Deserializer};
use s3s::{S3Error, S3ErrorCode, S3Result};

use crate::convert::url_encoded;
use crate::error::argument;

/// Names and values. Names are in small letters; of several fields of one name the first counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fields(BTreeMap<String, String>);

impl Fields {
    /// Those of a form, in the order they came.
    pub(super) fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut fields = BTreeMap::new();
        for (name, value) in pairs {
            fields.entry(name.to_lowercase()).or_insert(value);
        }
        Self(fields)
    }

    /// The value of a field, by its name in small letters.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The names that are there.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    fn owned(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    /// The value of a field that has to be there.
    pub(super) fn needed(&self, name: &str) -> S3Result<&str> {
        self.get(name).ok_or_else(|| {
            argument(format!(
                "Bucket POST must contain a field named '{name}'. If it is specified, please check the order of the fields."
            ))
        })
    }

    /// Puts the file's name where the key asks for it: what stands behind its last slash, whichever way that leans.
    pub(super) fn name_file(&mut self, filename: Option<&str>) {
        let name = filename.unwrap_or_default();
        let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
        if let Some(key) = self.0.get_mut("key") {
            *key = key.replace("${filename}", name);
        }
    }

    /// The list of access that the form asks for.
    pub(super) fn acl(&self) -> Option<&str> {
        self.get("acl").or_else(|| self.get("x-amz-acl"))
    }

    /// The field `tagging`, XML as PutObjectTagging has it, in the words of the header `x-amz-tagging`.
    pub(super) fn tagging(&self) -> S3Result<Option<String>> {
        let Some(xml) = self.get("tagging") else { return Ok(self.owned("x-amz-tagging")) };
        let malformed = |_| S3Error::with_message(S3ErrorCode::MalformedXML, "The field tagging is not well-formed.");
        let mut reader = Deserializer::new(xml.as_bytes());
        let tagging = Tagging::deserialize(&mut reader).map_err(malformed)?;
        reader.expect_eof().map_err(malformed)?;
        let pair = |tag: s3s::dto::Tag| {
            let key = tag.key.ok_or_else(|| argument("a tag has a key"))?;
            Ok(format!("{}={}", url_encoded(&key), url_encoded(&tag.value.unwrap_or_default())))
        };
        let pairs: Vec<String> = tagging.tag_set.into_iter().map(pair).collect::<S3Result<_>>()?;
        Ok(Some(pairs.join("&")))
    }

    /// The upload.
    pub(super) fn input(&self, bucket: &str, key: &str, body: StreamingBlob) -> S3Result<PutObjectInput> {
        let moment = |name: &'static str, format: TimestampFormat| match self.get(name) {
            None => Ok(None),
            Some(text) => match Timestamp::parse(format, text) {
                Ok(at) => Ok(Some(at)),
                Err(_) => Err(argument(format!("the field {name} is no date"))),
            },
        };
        let own = self.0.iter().filter_map(|(name, value)| {
            let name = name.strip_prefix("x-amz-meta-").filter(|name| !name.is_empty())?;
            Some((name.to_owned(), value.clone()))
        });
        let metadata: Metadata = own.collect();
        let mut input = PutObjectInput::builder();
        input.set_bucket(bucket.to_owned()).set_key(key.to_owned()).set_body(Some(body));
        let mut input = input.build().map_err(|error| argument(error.to_string()))?;
        input.acl = self.acl().map(|word| ObjectCannedACL::from(word.to_owned()));
        input.cache_control = self.owned("cache-control");
        input.checksum_algorithm = self.owned("x-amz-sdk-checksum-algorithm").map(ChecksumAlgorithm::from);
        input.checksum_crc32 = self.owned("x-amz-checksum-crc32");
        input.checksum_crc32c = self.owned("x-amz-checksum-crc32c");
        input.checksum_crc64nvme = self.owned("x-amz-checksum-crc64nvme");
        input.checksum_sha1 = self.owned("x-amz-checksum-sha1");
        input.checksum_sha256 = self.owned("x-amz-checksum-sha256");
        input.content_disposition = self.owned("content-disposition");
        input.content_encoding = self.owned("content-encoding");
        input.content_language = self.owned("content-language");
        input.content_md5 = self.owned("content-md5");
        input.content_type = self.owned("content-type");
        input.expires = moment("expires", TimestampFormat::HttpDate)?;
        input.grant_full_control = self.owned("x-amz-grant-full-control");
        input.grant_read = self.owned("x-amz-grant-read");
        input.grant_read_acp = self.owned("x-amz-grant-read-acp");
        input.grant_write_acp = self.owned("x-amz-grant-write-acp");
        input.metadata = (!metadata.is_empty()).then_some(metadata);
        input.object_lock_legal_hold_status =
            self.owned("x-amz-object-lock-legal-hold").map(ObjectLockLegalHoldStatus::from);
        input.object_lock_mode = self.owned("x-amz-object-lock-mode").map(ObjectLockMode::from);
        input.object_lock_retain_until_date = moment("x-amz-object-lock-retain-until-date", TimestampFormat::DateTime)?;
        input.server_side_encryption = self.owned("x-amz-server-side-encryption").map(ServerSideEncryption::from);
        input.ssekms_key_id = self.owned("x-amz-server-side-encryption-aws-kms-key-id");
        input.sse_customer_algorithm = self.owned("x-amz-server-side-encryption-customer-algorithm");
        input.sse_customer_key = self.owned("x-amz-server-side-encryption-customer-key");
        input.sse_customer_key_md5 = self.owned("x-amz-server-side-encryption-customer-key-md5");
        input.storage_class = self.owned("x-amz-storage-class").map(StorageClass::from);
        input.tagging = self.tagging()?;
        input.website_redirect_location = self.owned("x-amz-website-redirect-location");
        Ok(input)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        Fields::new(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn the_files_own_name() {
        for (filename, key) in [
            (Some("cat.jpg"), "up/cat.jpg"),
            (Some("a/b/cat.jpg"), "up/cat.jpg"),
            (Some(r"C:\My Photos\猫.jpg"), "up/猫.jpg"),
            (Some("../../etc/passwd"), "up/passwd"),
            (None, "up/"),
        ] {
            let mut form = fields(&[("Key", "up/${filename}"), ("x-amz-meta-n", "${filename}")]);
            form.name_file(filename);
            assert_eq!((form.get("key"), form.get("x-amz-meta-n")), (Some(key), Some("${filename}")));
        }
    }

    #[test]
    fn tags_in_xml() {
        let tags = |xml: &str| fields(&[("tagging", xml)]).tagging().map_err(|e| e.code().as_str().to_owned());
        let two = "<Tagging><TagSet><Tag><Key>a b</Key><Value>1&amp;2</Value></Tag><Tag><Key>c</Key><Value></Value></Tag></TagSet></Tagging>";
        assert_eq!(tags(two), Ok(Some("a%20b=1%262&c=".to_owned())));
        assert_eq!(tags("<Tagging><TagSet></TagSet>"), Err("MalformedXML".to_owned()));
        assert_eq!(tags("a=b"), Err("MalformedXML".to_owned()));
        assert_eq!(fields(&[("X-Amz-Tagging", "a=b")]).tagging().unwrap().as_deref(), Some("a=b"));
        assert!(fields(&[]).needed("key").unwrap_err().message().unwrap().contains("'key'"));
    }
}
