//! Object locks: a bucket's default, retention and legal holds.

use doorstep_objects::{LockDefault, ObjectsError, Retention};
use s3s::dto::*;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use crate::access::bucket;
use crate::convert;
use crate::error::s3;
use crate::operations::Operations;

const YEAR: u32 = 365;

fn malformed(message: &'static str) -> S3Error {
    S3Error::with_message(S3ErrorCode::MalformedXML, message)
}

fn period(message: &'static str) -> S3Error {
    let mut error = S3Error::with_message(S3ErrorCode::Custom("InvalidRetentionPeriod".into()), message);
    error.set_status_code(http::StatusCode::BAD_REQUEST);
    error
}

pub(crate) async fn get_object_lock_configuration(
    _: &Operations,
    request: S3Request<GetObjectLockConfigurationInput>,
) -> S3Result<S3Response<GetObjectLockConfigurationOutput>> {
    let bucket = bucket(&request)?;
    if !bucket.settings.lockable {
        return Err(s3(ObjectsError::NotConfigured("object lock")));
    }
    let rule = bucket.settings.lock_default.map(|default| {
        let days = i32::try_from(default.days).ok();
        let default_retention = DefaultRetention {
            mode: Some(ObjectLockRetentionMode::from_static(convert::mode_word(default.mode))),
            days: days.filter(|_| !default.in_years),
            years: days.filter(|_| default.in_years).map(|days| days / YEAR as i32),
        };
        ObjectLockRule { default_retention: Some(default_retention) }
    });
    let configuration = ObjectLockConfiguration {
        object_lock_enabled: Some(ObjectLockEnabled::from_static(ObjectLockEnabled::ENABLED)),
        rule,
    };
    Ok(S3Response::new(GetObjectLockConfigurationOutput { object_lock_configuration: Some(configuration) }))
}

pub(crate) async fn put_object_lock_configuration(
    face: &Operations,
    request: S3Request<PutObjectLockConfigurationInput>,
) -> S3Result<S3Response<PutObjectLockConfigurationOutput>> {
    let input = request.input;
    let configuration = input.object_lock_configuration.ok_or_else(|| malformed("the configuration is missing"))?;
    if configuration.object_lock_enabled.as_ref().map(ObjectLockEnabled::as_str) != Some(ObjectLockEnabled::ENABLED) {
        return Err(malformed("ObjectLockEnabled is Enabled"));
    }
    let default = match configuration.rule.and_then(|rule| rule.default_retention) {
        None => None,
        Some(retention) => Some(lock_default(&retention)?),
    };
    let changed = face.objects.configure(&input.bucket, move |settings| {
        if settings.versioning != doorstep_objects::Versioning::Enabled {
            return Err(ObjectsError::InvalidState("versioning must be enabled for object locks".to_owned()));
        }
        settings.lockable = true;
        settings.lock_default = default;
        Ok(())
    });
    changed.await.map_err(|error| match error {
        ObjectsError::InvalidState(why) => S3Error::with_message(S3ErrorCode::InvalidBucketState, why),
        error => s3(error),
    })?;
    Ok(S3Response::new(PutObjectLockConfigurationOutput::default()))
}

fn lock_default(retention: &DefaultRetention) -> S3Result<LockDefault> {
    let mode = retention.mode.as_ref().ok_or_else(|| malformed("the mode is missing"))?;
    let mode = convert::mode(mode.as_str())?;
    let positive = |n: i32| u32::try_from(n).ok().filter(|n| *n > 0).ok_or_else(|| period("the period is positive"));
    let (days, in_years) = match (retention.days, retention.years) {
        (Some(days), None) => (positive(days)?, false),
        (None, Some(years)) => (positive(years)?.saturating_mul(YEAR), true),
        _ => return Err(malformed("write either Days or Years")),
    };
    if days > 100 * YEAR {
        return Err(period("at most 100 years"));
    }
    Ok(LockDefault { mode, days, in_years })
}

pub(crate) async fn get_object_retention(
    face: &Operations,
    request: S3Request<GetObjectRetentionInput>,
) -> S3Result<S3Response<GetObjectRetentionOutput>> {
    let bucket = bucket(&request)?;
    let input = request.input;
    if !bucket.settings.lockable {
        return Err(S3Error::with_message(S3ErrorCode::InvalidRequest, "Bucket is missing Object Lock Configuration"));
    }
    let object = face.objects.head(&bucket, &input.key, input.version_id.as_deref()).await.map_err(s3)?;
    let kept = object.meta.retention.ok_or_else(|| s3(ObjectsError::NotConfigured("retention")))?;
    let retention = ObjectLockRetention {
        mode: Some(ObjectLockRetentionMode::from_static(convert::mode_word(kept.mode))),
        retain_until_date: Some(convert::time(kept.until)),
    };
    Ok(S3Response::new(GetObjectRetentionOutput { retention: Some(retention) }))
}

pub(crate) async fn put_object_retention(
    face: &Operations,
    request: S3Request<PutObjectRetentionInput>,
) -> S3Result<S3Response<PutObjectRetentionOutput>> {
    let bucket = bucket(&request)?;
    let input = request.input;
    let wanted = match input.retention {
        None => None,
        Some(ObjectLockRetention { mode: None, retain_until_date: None }) => None,
        Some(ObjectLockRetention { mode: Some(mode), retain_until_date: Some(until) }) => {
            Some(Retention { mode: convert::mode(mode.as_str())?, until: convert::moment(&until) })
        }
        Some(_) => return Err(malformed("write both Mode and RetainUntilDate")),
    };
    let bypass = input.bypass_governance_retention.unwrap_or(false);
    let retained = face.objects.retain(&bucket, &input.key, input.version_id.as_deref(), wanted, bypass);
    retained.await.map_err(s3)?;
    Ok(S3Response::new(PutObjectRetentionOutput::default()))
}

pub(crate) async fn get_object_legal_hold(
    face: &Operations,
    request: S3Request<GetObjectLegalHoldInput>,
) -> S3Result<S3Response<GetObjectLegalHoldOutput>> {
    let bucket = bucket(&request)?;
    let input = request.input;
    if !bucket.settings.lockable {
        return Err(S3Error::with_message(S3ErrorCode::InvalidRequest, "Bucket is missing Object Lock Configuration"));
    }
    let object = face.objects.head(&bucket, &input.key, input.version_id.as_deref()).await.map_err(s3)?;
    let word = if object.meta.legal_hold { ObjectLockLegalHoldStatus::ON } else { ObjectLockLegalHoldStatus::OFF };
    let status = Some(ObjectLockLegalHoldStatus::from_static(word));
    Ok(S3Response::new(GetObjectLegalHoldOutput { legal_hold: Some(ObjectLockLegalHold { status }) }))
}

pub(crate) async fn put_object_legal_hold(
    face: &Operations,
    request: S3Request<PutObjectLegalHoldInput>,
) -> S3Result<S3Response<PutObjectLegalHoldOutput>> {
    let bucket = bucket(&request)?;
    let input = request.input;
    let hold = match input.legal_hold.and_then(|h| h.status).as_ref().map(ObjectLockLegalHoldStatus::as_str) {
        Some(ObjectLockLegalHoldStatus::ON) => true,
        Some(ObjectLockLegalHoldStatus::OFF) => false,
        _ => return Err(malformed("the status is ON or OFF")),
    };
    face.objects.hold(&bucket, &input.key, input.version_id.as_deref(), hold).await.map_err(s3)?;
    Ok(S3Response::new(PutObjectLegalHoldOutput::default()))
}
