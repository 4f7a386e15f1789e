//! What is changed without touching bytes, and deleting.

use bytes::{Bytes, BytesMut};
use doorstep_objects::{Delete, ObjectsError, Paced, StorageClass};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::answer::{Answer, empty, json};
use crate::face::Asked;
use crate::put_ops::class;
use crate::{UfileError, UfileFace};

/// A body that describes a change, at most, bytes.
const MOST_JSON: usize = 64 << 10;

/// A small body, whole.
pub(crate) async fn small_body(face: &UfileFace, asked: &mut Asked, most: usize) -> Result<Bytes, UfileError> {
    let (mut all, mut paced) = (BytesMut::new(), Paced::new(face.objects.config().pace));
    while let Some(piece) = paced.next(&mut asked.body).await? {
        if all.len() + piece.len() > most {
            return Err(ObjectsError::TooLarge { limit: most as u64 }.into());
        }
        all.extend_from_slice(&piece);
    }
    Ok(all.freeze())
}

async fn read<T: for<'de> Deserialize<'de>>(face: &UfileFace, asked: &mut Asked) -> Result<T, UfileError> {
    let body = small_body(face, asked, MOST_JSON).await?;
    serde_json::from_slice(&body).map_err(|e| UfileError::field("body", e.to_string(), "send the JSON of this call"))
}

/// DeleteFile. What is not there is told, as UFile does.
pub(crate) async fn delete(face: &UfileFace, asked: Asked) -> Result<Answer, UfileError> {
    let key = &asked.target.key;
    face.objects.head(&asked.bucket, key, None).await?;
    face.objects.delete(&asked.bucket, Delete { key: key.clone(), ..Delete::default() }).await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

#[derive(Deserialize)]
struct Change {
    op: String,
    metak: String,
    metav: String,
}

/// OpMeta: sets the type of a file.
pub(crate) async fn op_meta(face: &UfileFace, mut asked: Asked) -> Result<Answer, UfileError> {
    let Change { op, metak, metav } = read(face, &mut asked).await?;
    if op != "set" || metak != "mimetype" {
        return Err(UfileError::field("metak", "only the type can be set", "send op `set` and metak `mimetype`"));
    }
    if metav.is_empty() || metav.len() > 256 || http::HeaderValue::from_str(&metav).is_err() {
        return Err(UfileError::field("metav", "it is no media type", "write one such as image/jpeg"));
    }
    let change = face.objects.change(&asked.bucket, &asked.target.key, None, move |meta| {
        meta.headers.content_type = Some(metav.clone());
        Ok(())
    });
    change.await?;
    Ok(empty(StatusCode::OK))
}

/// How cold a class is.
const fn cold(class: StorageClass) -> u8 {
    match class {
        StorageClass::Standard => 0,
        StorageClass::Infrequent => 1,
        StorageClass::Archive => 2,
    }
}

/// ClassSwitch: to a colder class.
pub(crate) async fn class_switch(face: &UfileFace, asked: Asked) -> Result<Answer, UfileError> {
    let wanted = class(asked.target.query.get("storageClass").unwrap_or_default())?;
    let key = &asked.target.key;
    let warmer = "it cannot become warmer";
    let change = face.objects.change(&asked.bucket, key, None, move |meta| {
        // In the transaction: two that come at once must not make it warmer.
        if cold(wanted) < cold(meta.class) {
            return Err(ObjectsError::InvalidState(warmer.to_owned()));
        }
        meta.class = wanted;
        meta.restored_until = None;
        Ok(())
    });
    match change.await {
        Err(ObjectsError::InvalidState(reason)) if reason == warmer => Err(UfileError::NotColder),
        changed => {
            changed?;
            Ok(empty(StatusCode::OK))
        }
    }
}

/// Restore: the bytes of an archived file lie where all others do, so it can be read at once.
pub(crate) async fn restore(face: &UfileFace, asked: Asked) -> Result<Answer, UfileError> {
    match asked.header("tier") {
        None | Some("Standard" | "Expedited") => {}
        Some(_) => return Err(UfileError::field("Tier", "there is no such tier", "choose Expedited or Standard")),
    }
    face.objects.restore(&asked.bucket, &asked.target.key, None, face.config.restored_days).await?;
    Ok(empty(StatusCode::OK))
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    key: String,
    value: String,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct TagSet {
    tags: Vec<Tag>,
}

/// PutObjectTagging.
pub(crate) async fn put_tagging(face: &UfileFace, mut asked: Asked) -> Result<Answer, UfileError> {
    let TagSet { tags } = read(face, &mut asked).await?;
    let tags: Vec<(String, String)> = tags.into_iter().map(|tag| (tag.key, tag.value)).collect();
    set_tags(face, &asked, tags, StatusCode::OK).await
}

/// DeleteObjectTagging.
pub(crate) async fn delete_tagging(face: &UfileFace, asked: Asked) -> Result<Answer, UfileError> {
    set_tags(face, &asked, Vec::new(), StatusCode::NO_CONTENT).await
}

async fn set_tags(
    face: &UfileFace,
    asked: &Asked,
    tags: Vec<(String, String)>,
    done: StatusCode,
) -> Result<Answer, UfileError> {
    let change = face.objects.change(&asked.bucket, &asked.target.key, None, move |meta| {
        meta.tags.clone_from(&tags);
        Ok(())
    });
    change.await?;
    Ok(empty(done))
}

/// GetObjectTagging.
pub(crate) async fn get_tagging(face: &UfileFace, asked: Asked) -> Result<Answer, UfileError> {
    let object = face.objects.head(&asked.bucket, &asked.target.key, None).await?;
    let tags = object.meta.tags.into_iter().map(|(key, value)| Tag { key, value }).collect();
    Ok(json(StatusCode::OK, &json!(TagSet { tags })))
}

/// PutObjectAcl.
pub(crate) async fn put_acl(face: &UfileFace, asked: Asked) -> Result<Answer, UfileError> {
    let public = match asked.header("x-ufile-object-acl") {
        Some("public-read") => true,
        Some("default") => false,
        _ => {
            return Err(UfileError::field(
                "x-ufile-object-acl",
                "there is no such word",
                "send default or public-read",
            ));
        }
    };
    let change = face.objects.change(&asked.bucket, &asked.target.key, None, move |meta| {
        meta.public = public;
        Ok(())
    });
    change.await?;
    Ok(empty(StatusCode::OK))
}

/// GetObjectAcl.
pub(crate) async fn get_acl(face: &UfileFace, asked: Asked) -> Result<Answer, UfileError> {
    let object = face.objects.head(&asked.bucket, &asked.target.key, None).await?;
    let grant = if object.meta.public { "public-read" } else { "default" };
    let tenant = &asked.bucket.tenant;
    let told = json!({
        "Owner": { "ID": tenant, "DisplayName": tenant },
        "AccessControlList": { "Grant": grant },
    });
    Ok(json(StatusCode::OK, &told))
}
