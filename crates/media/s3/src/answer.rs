//! What every answer gets: the request's id, and the few words in which the wire's crate differs from S3.

use bytes::Bytes;
use doorstep_objects::xml::element;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::BodyExt as _;

/// The header of a request's id.
const ID: &str = "x-amz-request-id";

/// Another status than the wire's crate gives; carried in a response's extensions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Status(pub(crate) StatusCode);

/// An answer of XML; `inside` is what its root holds.
pub(crate) fn xml(status: StatusCode, root: &str, inside: &str) -> Response<s3s::Body> {
    let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root}>{inside}</{root}>");
    let mut response = Response::new(s3s::Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    response
}

/// A refusal that is not the wire's own; `more` is XML.
pub(crate) fn refused(status: StatusCode, code: &str, message: &str, more: &str) -> Response<s3s::Body> {
    let mut response = xml(status, "Error", &(element("Code", code) + &element("Message", message) + more));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// What is known of a request before it is answered.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    id: String,
    /// It asks for an object's attributes, whose ETag S3 writes without quotes.
    attributes: bool,
}

impl Request {
    pub(crate) fn of<B>(request: &http::Request<B>) -> Self {
        let query = request.uri().query().unwrap_or_default();
        let attributes = request.method() == http::Method::GET
            && query.split('&').any(|word| word == "attributes" || word == "attributes=");
        Self { id: uuid::Uuid::now_v7().simple().to_string().to_uppercase(), attributes }
    }

    /// Finishes an answer. Bodies are read only where they are short XML.
    pub(crate) async fn finish(&self, response: Response<s3s::Body>) -> Response<s3s::Body> {
        let (mut head, mut body) = response.into_parts();
        if let Some(Status(status)) = head.extensions.get::<Status>() {
            head.status = *status;
        }
        let failed = head.status.is_client_error() || head.status.is_server_error();
        if failed || (self.attributes && head.status == StatusCode::OK) {
            let bytes = match body.collect().await {
                Ok(bytes) => bytes.to_bytes(),
                Err(error) => {
                    tracing::debug!(error = ?error, "an error's body cannot be read");
                    Bytes::new()
                }
            };
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let text = if failed { self.error(text, &mut head.status) } else { without_quotes(&text) };
            head.headers.remove(header::CONTENT_LENGTH);
            body = s3s::Body::from(text);
        }
        if let Ok(id) = HeaderValue::from_str(&self.id) {
            head.headers.insert(ID, id);
        }
        Response::from_parts(head, body)
    }

    fn error(&self, text: String, status: &mut StatusCode) -> String {
        if text.is_empty() {
            return text;
        }
        let text = match AUTHORIZATION.iter().find(|(message, ..)| text.contains(message)) {
            Some((_, code, answered)) => {
                *status = *answered;
                with_code(&text, code)
            }
            None => text,
        };
        let text = with_message(text);
        if text.contains("<RequestId>") {
            return text;
        }
        text.replace("</Error>", &format!("<RequestId>{}</RequestId></Error>", self.id))
    }
}

/// What is wrong with a request's signature, by the words of the wire's crate, and S3's code and status for it.
const AUTHORIZATION: &[(&str, &str, StatusCode)] = &[
    ("<Message>invalid header: authorization", "AuthorizationHeaderMalformed", StatusCode::BAD_REQUEST),
    ("<Message>unknown service ", "AuthorizationHeaderMalformed", StatusCode::BAD_REQUEST),
    ("<Message>missing header: x-amz-date", "AccessDenied", StatusCode::FORBIDDEN),
    ("<Message>invalid header: x-amz-date", "AccessDenied", StatusCode::FORBIDDEN),
    ("<Message>missing presigned url v4 fields", "AuthorizationQueryParametersError", StatusCode::BAD_REQUEST),
];

fn with_code(text: &str, code: &str) -> String {
    let Some((before, rest)) = text.split_once("<Code>") else { return text.to_owned() };
    let Some((_, after)) = rest.split_once("</Code>") else { return text.to_owned() };
    format!("{before}<Code>{code}</Code>{after}")
}

/// What S3 says with codes that the wire's crate gives without a word.
const WORDS: &[(&str, &str)] = &[
    (
        "InvalidBucketName",
        "The specified bucket is not valid: 3 to 63 small letters, digits, hyphens and dots, with a letter or a digit at both ends.",
    ),
    ("IncompleteBody", "You did not provide the number of bytes specified by the Content-Length HTTP header."),
    ("InvalidAccessKeyId", "The Access Key Id you provided does not exist in our records."),
    ("InvalidRange", "The requested range is not satisfiable."),
    ("InvalidURI", "Couldn't parse the specified URI."),
    ("KeyTooLongError", "Your key is too long: it may have 1024 bytes."),
    ("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema."),
    ("MethodNotAllowed", "The specified method is not allowed against this resource."),
    ("MissingContentLength", "You must provide the Content-Length HTTP header."),
    ("MissingRequestBodyError", "Request body is empty."),
    ("NotImplemented", "A header or query you provided implies functionality that is not implemented."),
    ("SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided."),
];

/// An error that says nothing but its code gets S3's words for it.
fn with_message(text: String) -> String {
    let Some((_, after)) = text.split_once("<Code>").filter(|_| !text.contains("<Message>")) else { return text };
    let code = after.split('<').next().unwrap_or_default();
    let words = WORDS.iter().find(|(known, _)| *known == code).map_or("The request was refused.", |(_, words)| words);
    text.replacen("</Code>", &format!("</Code><Message>{words}</Message>"), 1)
}

fn without_quotes(text: &str) -> String {
    let Some((before, rest)) = text.split_once("<ETag>") else { return text.to_owned() };
    let Some((tag, after)) = rest.split_once("</ETag>") else { return text.to_owned() };
    format!("{before}<ETag>{}</ETag>{after}", tag.replace("&quot;", "").replace('"', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_differ() {
        let text = "<A><ETag>&quot;ab-2&quot;</ETag><B>&quot;</B></A>";
        assert_eq!(without_quotes(text), "<A><ETag>ab-2</ETag><B>&quot;</B></A>");
        let request = Request { id: "I".to_owned(), attributes: false };
        let mut status = StatusCode::BAD_REQUEST;
        let plain = "<Error><Code>InvalidRequest</Code><Message>missing header: x-amz-date</Message></Error>";
        let answer = request.error(plain.to_owned(), &mut status);
        assert!(answer.contains("AccessDenied") && answer.ends_with("<RequestId>I</RequestId></Error>"));
        assert_eq!(status, StatusCode::FORBIDDEN);
        let silent = |code: &str| request.error(format!("<Error><Code>{code}</Code></Error>"), &mut status.clone());
        assert!(silent("InvalidBucketName").contains("<Message>The specified bucket is not valid: 3 to 63"));
        assert!(silent("Odd").contains("</Code><Message>The request was refused.</Message>"));
        let said = "<Error><Code>KeyTooLongError</Code><Message>Own words.</Message></Error>".to_owned();
        assert!(request.error(said, &mut status).contains("</Code><Message>Own words.</Message><RequestId>"));
    }
}
