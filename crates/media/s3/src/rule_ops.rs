//! A bucket's rules: CORS, lifecycle, policy.

use doorstep_objects::acl::is_public;
use doorstep_objects::{
    CorsRule, Due, LifecycleRule as Rule, ObjectsError, Policy as Understood, StorageClass as Class,
};
use s3s::dto::*;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use crate::access::bucket;
use crate::convert;
use crate::error::{argument, denied, s3};
use crate::operations::Operations;

fn malformed(message: impl Into<String>) -> S3Error {
    S3Error::with_message(S3ErrorCode::MalformedXML, message.into())
}

fn no_content<T>(output: T) -> S3Result<S3Response<T>> {
    Ok(S3Response::with_status(output, http::StatusCode::NO_CONTENT))
}

pub(crate) async fn get_bucket_cors(
    _: &Operations,
    request: S3Request<GetBucketCorsInput>,
) -> S3Result<S3Response<GetBucketCorsOutput>> {
    let rules = bucket(&request)?.settings.cors.clone();
    if rules.is_empty() {
        return Err(s3(ObjectsError::NotConfigured("CORS rules")));
    }
    let some = |list: Vec<String>| (!list.is_empty()).then_some(list);
    let one = |rule: CorsRule| CORSRule {
        allowed_headers: some(rule.headers),
        allowed_methods: rule.methods,
        allowed_origins: rule.origins,
        expose_headers: some(rule.expose),
        id: rule.id,
        max_age_seconds: rule.max_age.and_then(|s| i32::try_from(s).ok()),
    };
    Ok(S3Response::new(GetBucketCorsOutput { cors_rules: Some(rules.into_iter().map(one).collect()) }))
}

pub(crate) async fn put_bucket_cors(
    face: &Operations,
    request: S3Request<PutBucketCorsInput>,
) -> S3Result<S3Response<PutBucketCorsOutput>> {
    let input = request.input;
    let one = |rule: CORSRule| CorsRule {
        id: rule.id,
        origins: rule.allowed_origins,
        methods: rule.allowed_methods,
        headers: rule.allowed_headers.unwrap_or_default(),
        expose: rule.expose_headers.unwrap_or_default(),
        max_age: rule.max_age_seconds.and_then(|s| u32::try_from(s).ok()),
    };
    let rules: Vec<CorsRule> = input.cors_configuration.cors_rules.into_iter().map(one).collect();
    let changed = face.objects.configure(&input.bucket, move |settings| {
        settings.cors = rules.clone();
        Ok(())
    });
    changed.await.map_err(s3)?;
    Ok(S3Response::new(PutBucketCorsOutput::default()))
}

pub(crate) async fn delete_bucket_cors(
    face: &Operations,
    request: S3Request<DeleteBucketCorsInput>,
) -> S3Result<S3Response<DeleteBucketCorsOutput>> {
    let changed = face.objects.configure(&request.input.bucket, |settings| {
        settings.cors.clear();
        Ok(())
    });
    changed.await.map_err(s3)?;
    no_content(DeleteBucketCorsOutput::default())
}

pub(crate) async fn get_bucket_policy(
    _: &Operations,
    request: S3Request<GetBucketPolicyInput>,
) -> S3Result<S3Response<GetBucketPolicyOutput>> {
    let policy = bucket(&request)?.settings.policy.clone();
    let policy = policy.ok_or_else(|| s3(ObjectsError::NotConfigured("policy")))?;
    Ok(S3Response::new(GetBucketPolicyOutput { policy: Some(policy) }))
}

pub(crate) async fn put_bucket_policy(
    face: &Operations,
    request: S3Request<PutBucketPolicyInput>,
) -> S3Result<S3Response<PutBucketPolicyOutput>> {
    let bucket = bucket(&request)?;
    let input = request.input;
    let understood = Understood::parse(&input.policy, &input.bucket)
        .map_err(|error| S3Error::with_message(S3ErrorCode::MalformedPolicy, error.to_string()))?;
    let blocks = bucket.settings.public_block.is_some_and(|block| block.block_policy);
    if blocks && understood.is_public() {
        return Err(denied("The bucket's public access block refuses policies for everybody."));
    }
    let policy = input.policy;
    let changed = face.objects.configure(&input.bucket, move |settings| {
        settings.policy = Some(policy.clone());
        Ok(())
    });
    changed.await.map_err(s3)?;
    no_content(PutBucketPolicyOutput::default())
}

pub(crate) async fn delete_bucket_policy(
    face: &Operations,
    request: S3Request<DeleteBucketPolicyInput>,
) -> S3Result<S3Response<DeleteBucketPolicyOutput>> {
    let changed = face.objects.configure(&request.input.bucket, |settings| {
        settings.policy = None;
        Ok(())
    });
    changed.await.map_err(s3)?;
    no_content(DeleteBucketPolicyOutput::default())
}

pub(crate) async fn get_bucket_policy_status(
    _: &Operations,
    request: S3Request<GetBucketPolicyStatusInput>,
) -> S3Result<S3Response<GetBucketPolicyStatusOutput>> {
    let bucket = bucket(&request)?;
    let listed = !bucket.settings.ignores_public_acls() && is_public(&bucket.grants());
    let public = bucket.policy.as_ref().is_some_and(|p| p.is_public()) || listed;
    let policy_status = Some(PolicyStatus { is_public: Some(public) });
    Ok(S3Response::new(GetBucketPolicyStatusOutput { policy_status }))
}

pub(crate) async fn get_bucket_lifecycle_configuration(
    _: &Operations,
    request: S3Request<GetBucketLifecycleConfigurationInput>,
) -> S3Result<S3Response<GetBucketLifecycleConfigurationOutput>> {
    let rules = bucket(&request)?.settings.lifecycle.clone();
    if rules.is_empty() {
        return Err(s3(ObjectsError::NotConfigured("lifecycle rules")));
    }
    let rules = rules.into_iter().map(written).collect();
    Ok(S3Response::new(GetBucketLifecycleConfigurationOutput { rules: Some(rules), ..Default::default() }))
}

pub(crate) async fn put_bucket_lifecycle_configuration(
    face: &Operations,
    request: S3Request<PutBucketLifecycleConfigurationInput>,
) -> S3Result<S3Response<PutBucketLifecycleConfigurationOutput>> {
    let input = request.input;
    let rules = input.lifecycle_configuration.map(|c| c.rules).unwrap_or_default();
    if rules.is_empty() {
        return Err(malformed("the configuration has no rule"));
    }
    let rules = rules.into_iter().enumerate().map(|(ix, rule)| read(ix, rule)).collect::<S3Result<Vec<_>>>()?;
    let changed = face.objects.configure(&input.bucket, move |settings| {
        settings.lifecycle = rules.clone();
        Ok(())
    });
    changed.await.map_err(s3)?;
    Ok(S3Response::new(PutBucketLifecycleConfigurationOutput::default()))
}

pub(crate) async fn delete_bucket_lifecycle(
    face: &Operations,
    request: S3Request<DeleteBucketLifecycleInput>,
) -> S3Result<S3Response<DeleteBucketLifecycleOutput>> {
    let changed = face.objects.configure(&request.input.bucket, |settings| {
        settings.lifecycle.clear();
        Ok(())
    });
    changed.await.map_err(s3)?;
    no_content(DeleteBucketLifecycleOutput::default())
}

fn tags(tags: Option<Vec<Tag>>) -> Vec<(String, String)> {
    tags.into_iter().flatten().map(|t| (t.key.unwrap_or_default(), t.value.unwrap_or_default())).collect()
}

fn due(days: Option<i32>, date: Option<&Timestamp>) -> S3Result<Option<Due>> {
    match (days, date) {
        (None, None) => Ok(None),
        (Some(days), None) => Ok(Some(Due::Days(positive(days)?))),
        (None, Some(date)) => {
            let at = convert::moment(date);
            if at.millis() % 86_400_000 != 0 {
                return Err(argument("'Date' must be at midnight GMT"));
            }
            Ok(Some(Due::At(at)))
        }
        (Some(_), Some(_)) => Err(malformed("write either Days or Date")),
    }
}

fn positive(days: i32) -> S3Result<u32> {
    u32::try_from(days).ok().filter(|d| *d > 0).ok_or_else(|| argument("'Days' must be a positive integer"))
}

fn read(ix: usize, rule: LifecycleRule) -> S3Result<Rule> {
    let enabled = match rule.status.as_str() {
        ExpirationStatus::ENABLED => true,
        ExpirationStatus::DISABLED => false,
        _ => return Err(malformed("the status is Enabled or Disabled")),
    };
    let mut made = Rule { id: rule.id.unwrap_or_else(|| format!("rule-{}", ix + 1)), enabled, ..Rule::default() };
    made.plain_prefix = rule.prefix.is_some() && rule.filter.is_none();
    made.prefix = rule.prefix.unwrap_or_default();
    if let Some(filter) = rule.filter {
        let bytes = |n: Option<i64>| n.and_then(|n| u64::try_from(n).ok());
        if let Some(and) = filter.and {
            made.prefix = and.prefix.unwrap_or_default();
            made.tags = tags(and.tags);
            (made.larger_than, made.smaller_than) =
                (bytes(and.object_size_greater_than), bytes(and.object_size_less_than));
        } else {
            made.prefix = filter.prefix.unwrap_or(made.prefix);
            made.tags = tags(filter.tag.map(|tag| vec![tag]));
            (made.larger_than, made.smaller_than) =
                (bytes(filter.object_size_greater_than), bytes(filter.object_size_less_than));
        }
    }
    if let Some(expiration) = rule.expiration {
        made.expire = due(expiration.days, expiration.date.as_ref())?;
        made.expired_markers = expiration.expired_object_delete_marker.unwrap_or(false);
    }
    if let Some(old) = rule.noncurrent_version_expiration {
        made.noncurrent_days = old.noncurrent_days.map(positive).transpose()?;
        made.noncurrent_keep = old.newer_noncurrent_versions.and_then(|n| u32::try_from(n).ok());
    }
    for transition in rule.noncurrent_version_transitions.unwrap_or_default() {
        if transition.newer_noncurrent_versions.is_some() {
            let message = "NewerNoncurrentVersions goes with NoncurrentVersionExpiration here.";
            return Err(S3Error::with_message(S3ErrorCode::NotImplemented, message));
        }
        let class = transition.storage_class.as_ref().and_then(|c| Class::parse(c.as_str()));
        let class = class.ok_or_else(|| malformed("there is no such storage class"))?;
        let days = transition.noncurrent_days.map(positive).transpose()?;
        made.noncurrent_transitions.push((days.ok_or_else(|| malformed("a transition has NoncurrentDays"))?, class));
    }
    for transition in rule.transitions.unwrap_or_default() {
        let class = transition.storage_class.as_ref().and_then(|c| Class::parse(c.as_str()));
        let class = class.ok_or_else(|| malformed("there is no such storage class"))?;
        let due = due(transition.days, transition.date.as_ref())?
            .ok_or_else(|| malformed("a transition has Days or Date"))?;
        made.transitions.push((due, class));
    }
    let abort = rule.abort_incomplete_multipart_upload.and_then(|a| a.days_after_initiation);
    made.abort_days = abort.map(positive).transpose()?;
    Ok(made)
}

fn written(rule: Rule) -> LifecycleRule {
    let days = |due: Due| match due {
        Due::Days(days) => (i32::try_from(days).ok(), None),
        Due::At(at) => (None, Some(convert::time(at))),
    };
    let bytes = |n: Option<u64>| n.map(convert::size);
    let tag_set: Vec<Tag> = rule.tags.into_iter().map(|(k, v)| Tag { key: Some(k), value: Some(v) }).collect();
    let plain = rule.plain_prefix.then(|| rule.prefix.clone());
    let several = tag_set.len()
        + usize::from(!rule.prefix.is_empty())
        + usize::from(rule.larger_than.is_some())
        + usize::from(rule.smaller_than.is_some())
        > 1;
    let filter = if several {
        let and = LifecycleRuleAndOperator {
            object_size_greater_than: bytes(rule.larger_than),
            object_size_less_than: bytes(rule.smaller_than),
            prefix: Some(rule.prefix),
            tags: (!tag_set.is_empty()).then_some(tag_set),
        };
        LifecycleRuleFilter { and: Some(and), ..LifecycleRuleFilter::default() }
    } else {
        let tag = tag_set.into_iter().next();
        let plain = tag.is_none() && rule.larger_than.is_none() && rule.smaller_than.is_none();
        LifecycleRuleFilter {
            object_size_greater_than: bytes(rule.larger_than),
            object_size_less_than: bytes(rule.smaller_than),
            prefix: plain.then_some(rule.prefix),
            tag,
            ..LifecycleRuleFilter::default()
        }
    };
    let expiration = (rule.expire.is_some() || rule.expired_markers).then(|| {
        let (days, date) = rule.expire.map_or((None, None), days);
        LifecycleExpiration { date, days, expired_object_delete_marker: rule.expired_markers.then_some(true) }
    });
    let noncurrent = rule.noncurrent_days.map(|days| NoncurrentVersionExpiration {
        newer_noncurrent_versions: rule.noncurrent_keep.and_then(|n| i32::try_from(n).ok()),
        noncurrent_days: i32::try_from(days).ok(),
    });
    let transition = |(due, class): (Due, Class)| {
        let (days, date) = days(due);
        Transition { date, days, storage_class: Some(TransitionStorageClass::from_static(class.s3())) }
    };
    let noncurrent_transition = |(days, class): (u32, Class)| NoncurrentVersionTransition {
        newer_noncurrent_versions: None,
        noncurrent_days: i32::try_from(days).ok(),
        storage_class: Some(TransitionStorageClass::from_static(class.s3())),
    };
    let noncurrent_transitions: Vec<NoncurrentVersionTransition> =
        rule.noncurrent_transitions.into_iter().map(noncurrent_transition).collect();
    let transitions: Vec<Transition> = rule.transitions.into_iter().map(transition).collect();
    LifecycleRule {
        abort_incomplete_multipart_upload: rule
            .abort_days
            .map(|days| AbortIncompleteMultipartUpload { days_after_initiation: i32::try_from(days).ok() }),
        expiration,
        filter: plain.is_none().then_some(filter),
        id: Some(rule.id),
        noncurrent_version_expiration: noncurrent,
        noncurrent_version_transitions: (!noncurrent_transitions.is_empty()).then_some(noncurrent_transitions),
        prefix: plain,
        status: ExpirationStatus::from_static(if rule.enabled {
            ExpirationStatus::ENABLED
        } else {
            ExpirationStatus::DISABLED
        }),
        transitions: (!transitions.is_empty()).then_some(transitions),
    }
}
