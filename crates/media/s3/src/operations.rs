//! Every operation that is spoken, each one call into the file of its kind. What is not here answers
//! `NotImplemented`.

use doorstep_identity::Keys;
use doorstep_objects::Objects;
use s3s::dto::*;
use s3s::{S3, S3Request, S3Response, S3Result};

use crate::{
    acl_ops, bucket_ops, copy_ops, encryption, event_ops, guard_ops, list_ops, lock_ops, multipart_ops, object_ops,
    restore_ops, rule_ops, tagging_ops, website_ops,
};

/// The engine behind the operations.
pub(crate) struct Operations {
    pub(crate) objects: Objects,
    pub(crate) region: String,
    /// Whom access lists can name.
    pub(crate) keys: Keys,
}

impl Operations {
    pub(crate) fn new(objects: Objects, keys: Keys, region: String) -> Self {
        Self { objects, region, keys }
    }
}

macro_rules! operations {
    ($($name:ident($input:ident) -> $output:ident = $module:ident;)*) => {
        #[async_trait::async_trait]
        impl S3 for Operations {
            $(
                async fn $name(&self, request: S3Request<$input>) -> S3Result<S3Response<$output>> {
                    $module::$name(self, request).await
                }
            )*
        }
    };
}

operations! {
    list_buckets(ListBucketsInput) -> ListBucketsOutput = bucket_ops;
    create_bucket(CreateBucketInput) -> CreateBucketOutput = bucket_ops;
    delete_bucket(DeleteBucketInput) -> DeleteBucketOutput = bucket_ops;
    head_bucket(HeadBucketInput) -> HeadBucketOutput = bucket_ops;
    get_bucket_location(GetBucketLocationInput) -> GetBucketLocationOutput = bucket_ops;
    get_bucket_versioning(GetBucketVersioningInput) -> GetBucketVersioningOutput = bucket_ops;
    put_bucket_versioning(PutBucketVersioningInput) -> PutBucketVersioningOutput = bucket_ops;
    get_bucket_acl(GetBucketAclInput) -> GetBucketAclOutput = acl_ops;
    put_bucket_acl(PutBucketAclInput) -> PutBucketAclOutput = acl_ops;
    get_public_access_block(GetPublicAccessBlockInput) -> GetPublicAccessBlockOutput = guard_ops;
    put_public_access_block(PutPublicAccessBlockInput) -> PutPublicAccessBlockOutput = guard_ops;
    delete_public_access_block(DeletePublicAccessBlockInput) -> DeletePublicAccessBlockOutput = guard_ops;
    get_bucket_ownership_controls(GetBucketOwnershipControlsInput) -> GetBucketOwnershipControlsOutput = guard_ops;
    put_bucket_ownership_controls(PutBucketOwnershipControlsInput) -> PutBucketOwnershipControlsOutput = guard_ops;
    delete_bucket_ownership_controls(DeleteBucketOwnershipControlsInput) -> DeleteBucketOwnershipControlsOutput = guard_ops;
    get_bucket_notification_configuration(GetBucketNotificationConfigurationInput) -> GetBucketNotificationConfigurationOutput = event_ops;
    put_bucket_notification_configuration(PutBucketNotificationConfigurationInput) -> PutBucketNotificationConfigurationOutput = event_ops;
    get_bucket_website(GetBucketWebsiteInput) -> GetBucketWebsiteOutput = website_ops;
    put_bucket_website(PutBucketWebsiteInput) -> PutBucketWebsiteOutput = website_ops;
    delete_bucket_website(DeleteBucketWebsiteInput) -> DeleteBucketWebsiteOutput = website_ops;
    restore_object(RestoreObjectInput) -> RestoreObjectOutput = restore_ops;
    get_bucket_encryption(GetBucketEncryptionInput) -> GetBucketEncryptionOutput = encryption;
    put_bucket_encryption(PutBucketEncryptionInput) -> PutBucketEncryptionOutput = encryption;
    delete_bucket_encryption(DeleteBucketEncryptionInput) -> DeleteBucketEncryptionOutput = encryption;
    get_object(GetObjectInput) -> GetObjectOutput = object_ops;
    head_object(HeadObjectInput) -> HeadObjectOutput = object_ops;
    put_object(PutObjectInput) -> PutObjectOutput = object_ops;
    delete_object(DeleteObjectInput) -> DeleteObjectOutput = object_ops;
    delete_objects(DeleteObjectsInput) -> DeleteObjectsOutput = object_ops;
    get_object_attributes(GetObjectAttributesInput) -> GetObjectAttributesOutput = object_ops;
    get_object_acl(GetObjectAclInput) -> GetObjectAclOutput = acl_ops;
    put_object_acl(PutObjectAclInput) -> PutObjectAclOutput = acl_ops;
    copy_object(CopyObjectInput) -> CopyObjectOutput = copy_ops;
    upload_part_copy(UploadPartCopyInput) -> UploadPartCopyOutput = copy_ops;
    list_objects(ListObjectsInput) -> ListObjectsOutput = list_ops;
    list_objects_v2(ListObjectsV2Input) -> ListObjectsV2Output = list_ops;
    list_object_versions(ListObjectVersionsInput) -> ListObjectVersionsOutput = list_ops;
    create_multipart_upload(CreateMultipartUploadInput) -> CreateMultipartUploadOutput = multipart_ops;
    upload_part(UploadPartInput) -> UploadPartOutput = multipart_ops;
    complete_multipart_upload(CompleteMultipartUploadInput) -> CompleteMultipartUploadOutput = multipart_ops;
    abort_multipart_upload(AbortMultipartUploadInput) -> AbortMultipartUploadOutput = multipart_ops;
    list_parts(ListPartsInput) -> ListPartsOutput = multipart_ops;
    list_multipart_uploads(ListMultipartUploadsInput) -> ListMultipartUploadsOutput = multipart_ops;
    get_object_tagging(GetObjectTaggingInput) -> GetObjectTaggingOutput = tagging_ops;
    put_object_tagging(PutObjectTaggingInput) -> PutObjectTaggingOutput = tagging_ops;
    delete_object_tagging(DeleteObjectTaggingInput) -> DeleteObjectTaggingOutput = tagging_ops;
    get_bucket_tagging(GetBucketTaggingInput) -> GetBucketTaggingOutput = tagging_ops;
    put_bucket_tagging(PutBucketTaggingInput) -> PutBucketTaggingOutput = tagging_ops;
    delete_bucket_tagging(DeleteBucketTaggingInput) -> DeleteBucketTaggingOutput = tagging_ops;
    get_bucket_cors(GetBucketCorsInput) -> GetBucketCorsOutput = rule_ops;
    put_bucket_cors(PutBucketCorsInput) -> PutBucketCorsOutput = rule_ops;
    delete_bucket_cors(DeleteBucketCorsInput) -> DeleteBucketCorsOutput = rule_ops;
    get_bucket_policy(GetBucketPolicyInput) -> GetBucketPolicyOutput = rule_ops;
    put_bucket_policy(PutBucketPolicyInput) -> PutBucketPolicyOutput = rule_ops;
    delete_bucket_policy(DeleteBucketPolicyInput) -> DeleteBucketPolicyOutput = rule_ops;
    get_bucket_policy_status(GetBucketPolicyStatusInput) -> GetBucketPolicyStatusOutput = rule_ops;
    get_bucket_lifecycle_configuration(GetBucketLifecycleConfigurationInput) -> GetBucketLifecycleConfigurationOutput = rule_ops;
    put_bucket_lifecycle_configuration(PutBucketLifecycleConfigurationInput) -> PutBucketLifecycleConfigurationOutput = rule_ops;
    delete_bucket_lifecycle(DeleteBucketLifecycleInput) -> DeleteBucketLifecycleOutput = rule_ops;
    get_object_retention(GetObjectRetentionInput) -> GetObjectRetentionOutput = lock_ops;
    put_object_retention(PutObjectRetentionInput) -> PutObjectRetentionOutput = lock_ops;
    get_object_legal_hold(GetObjectLegalHoldInput) -> GetObjectLegalHoldOutput = lock_ops;
    put_object_legal_hold(PutObjectLegalHoldInput) -> PutObjectLegalHoldOutput = lock_ops;
    get_object_lock_configuration(GetObjectLockConfigurationInput) -> GetObjectLockConfigurationOutput = lock_ops;
    put_object_lock_configuration(PutObjectLockConfigurationInput) -> PutObjectLockConfigurationOutput = lock_ops;
}
