//! What a form's sender is told: a status, an XML, or another page to go to.

use doorstep_objects::xml::element;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use s3s::dto::PutObjectOutput;
use s3s::{Body, S3Error};

use super::Post;
use super::fields::Fields;
use crate::answer;
use crate::convert::url_encoded;

/// A refusal.
pub(super) fn refused(error: &S3Error) -> Response<Body> {
    let status = error.status_code().unwrap_or(StatusCode::BAD_REQUEST);
    answer::refused(status, error.code().as_str(), error.message().unwrap_or_default(), "")
}

/// The address under which the bucket's objects are.
pub(super) fn base(headers: &HeaderMap, post: &Post) -> String {
    let word = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let scheme = if word("x-forwarded-proto") == Some("https") { "https" } else { "http" };
    let path = if post.by_host { String::new() } else { format!("/{}", post.bucket) };
    format!("{scheme}://{}{path}", word("host").unwrap_or_default())
}

/// The page that the form wants to go to, with what was stored in its query; nothing for what is no page.
fn page(wanted: &str, bucket: &str, key: &str, etag: &str) -> Option<HeaderValue> {
    let parsed: http::Uri = wanted.split('#').next()?.parse().ok()?;
    let known = matches!(parsed.scheme_str(), Some("http" | "https")) && parsed.host().is_some();
    let joint = if parsed.query().is_some() { '&' } else { '?' };
    let key = url_encoded(key).replace('/', "%2F");
    let to = format!("{}{joint}bucket={bucket}&key={key}&etag=%22{etag}%22", wanted.split('#').next()?);
    HeaderValue::from_str(&to).ok().filter(|_| known)
}

/// The file is stored.
pub(super) fn done(output: &PutObjectOutput, form: &Fields, bucket: &str, key: &str, base: &str) -> Response<Body> {
    let etag = output.e_tag.as_ref().map_or("", |etag| etag.value());
    let location = format!("{base}/{}", url_encoded(key));
    let wanted = form.get("success_action_redirect").or_else(|| form.get("redirect"));
    let mut response = match (wanted.and_then(|to| page(to, bucket, key, etag)), form.get("success_action_status")) {
        (Some(to), _) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::SEE_OTHER;
            response.headers_mut().insert(header::LOCATION, to);
            response
        }
        (None, Some("201")) => {
            let quoted = format!("\"{etag}\"");
            let told = [("Location", location.as_str()), ("Bucket", bucket), ("Key", key), ("ETag", &quoted)];
            let inside: String = told.iter().map(|(name, text)| element(name, text)).collect();
            answer::xml(StatusCode::CREATED, "PostResponse", &inside)
        }
        (None, status) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = if status == Some("200") { StatusCode::OK } else { StatusCode::NO_CONTENT };
            response
        }
    };
    let headers = response.headers_mut();
    let mut tell = |name: &'static str, value: Option<String>| {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            headers.entry(name).or_insert(value);
        }
    };
    tell("etag", Some(format!("\"{etag}\"")));
    tell("location", Some(location));
    tell("x-amz-version-id", output.version_id.clone());
    tell("x-amz-expiration", output.expiration.clone());
    tell("x-amz-server-side-encryption", output.server_side_encryption.as_ref().map(|word| word.as_str().to_owned()));
    tell("x-amz-server-side-encryption-aws-kms-key-id", output.ssekms_key_id.clone());
    tell("x-amz-server-side-encryption-customer-algorithm", output.sse_customer_algorithm.clone());
    tell("x-amz-server-side-encryption-customer-key-md5", output.sse_customer_key_md5.clone());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_to_go_to() {
        let to = |wanted: &str| page(wanted, "b", "a/ü", "e").and_then(|to| to.to_str().ok().map(str::to_owned));
        let all = "bucket=b&key=a%2F%C3%BC&etag=%22e%22";
        assert_eq!(to("https://shop.example/done"), Some(format!("https://shop.example/done?{all}")));
        assert_eq!(to("http://shop.example/done?x=1#top"), Some(format!("http://shop.example/done?x=1&{all}")));
        for bad in ["javascript:alert(1)", "/done", "shop.example", "http://a b/", "http://x/\r\nSet-Cookie: a=b", ""] {
            assert_eq!(to(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_a_form_is_told() {
        let told = |pairs: &[(&str, &str)]| {
            let form = Fields::new(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
            let output = PutObjectOutput { e_tag: Some(s3s::dto::ETag::Strong("e".to_owned())), ..Default::default() };
            let answer = done(&output, &form, "b", "a<b", "http://host/b");
            (answer.status().as_u16(), answer.headers()["location"].to_str().unwrap_or_default().to_owned())
        };
        let at = "http://host/b/a%3Cb".to_owned();
        assert_eq!(told(&[]), (204, at.clone()));
        assert_eq!(told(&[("success_action_status", "200")]), (200, at.clone()));
        assert_eq!(told(&[("success_action_status", "404")]), (204, at.clone()));
        assert_eq!(told(&[("success_action_status", "201"), ("redirect", "no page")]), (201, at));
        assert_eq!(told(&[("redirect", "http://x/")]), (303, "http://x/?bucket=b&key=a%3Cb&etag=%22e%22".to_owned()));
    }
}
