//! Which call a request is: a pure decision by method, path, query and one header.

use http::{HeaderMap, Method, header};

use crate::UfileError;
use crate::request::Target;
use doorstep_meter::Resource;
use doorstep_objects::Need;

macro_rules! calls {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $need:ident, $action:literal;)*) => {
        /// A call of UFile's.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Call {
            $($(#[$doc])* $name,)*
        }

        impl Call {
            /// UFile's name for it, in logs and labels.
            pub(crate) const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// What its caller needs.
            pub(crate) const fn need(self) -> Need {
                match self { $(Self::$name => Need::$need,)* }
            }

            /// What a bucket's policy calls it.
            pub(crate) const fn action(self) -> &'static str {
                match self { $(Self::$name => $action,)* }
            }
        }
    };
}

calls! {
    PutFile = "PutFile", Write, "s3:PutObject";
    PostFile = "PostFile", Write, "s3:PutObject";
    UploadHit = "UploadHit", Write, "s3:PutObject";
    AppendFile = "AppendFile", Write, "s3:PutObject";
    GetFile = "GetFile", Read, "s3:GetObject";
    HeadFile = "HEADFile", Read, "s3:GetObject";
    DeleteFile = "DeleteFile", Write, "s3:DeleteObject";
    Copy = "Copy", Write, "s3:PutObject";
    /// Also needs to delete.
    Rename = "Rename", Write, "s3:PutObject";
    OpMeta = "OpMeta", Write, "s3:PutObject";
    ClassSwitch = "ClassSwitch", Write, "s3:PutObject";
    Restore = "Restore", Write, "s3:RestoreObject";
    InitiateMultipartUpload = "InitiateMultipartUpload", Write, "s3:PutObject";
    UploadPart = "UploadPart", Write, "s3:PutObject";
    UploadPartCopy = "UploadPartCopy", Write, "s3:PutObject";
    FinishMultipartUpload = "FinishMultipartUpload", Write, "s3:PutObject";
    AbortMultipartUpload = "AbortMultipartUpload", Write, "s3:AbortMultipartUpload";
    ListParts = "ListParts", Write, "s3:ListMultipartUploadParts";
    ListUploads = "GetMultiUploadId", Write, "s3:ListBucketMultipartUploads";
    PrefixFileList = "PrefixFileList", List, "s3:ListBucket";
    ListObjects = "ListObjects", List, "s3:ListBucket";
    PutTagging = "PutObjectTagging", Write, "s3:PutObjectTagging";
    GetTagging = "GetObjectTagging", Write, "s3:GetObjectTagging";
    DeleteTagging = "DeleteObjectTagging", Write, "s3:DeleteObjectTagging";
    PutAcl = "PutObjectAcl", Write, "s3:PutObjectAcl";
    GetAcl = "GetObjectAcl", Write, "s3:GetObjectAcl";
}

impl Call {
    /// What it is charged as; deleting costs nothing.
    pub(crate) const fn charged_as(self) -> Option<Resource> {
        match self {
            Self::DeleteFile | Self::AbortMultipartUpload | Self::DeleteTagging => None,
            Self::GetFile | Self::HeadFile | Self::GetTagging | Self::GetAcl => Some(Resource::RequestsRead),
            _ => Some(Resource::RequestsWrite),
        }
    }
}

/// Names that a query may have beside a call's own.
const SIGNATURE: [&str; 3] = ["UCloudPublicKey", "Expires", "Signature"];

/// Whether a request is a form with a file.
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    kind.get(..19).is_some_and(|kind| kind.eq_ignore_ascii_case("multipart/form-data"))
}

/// Whether a request is an upload that needs no bytes.
pub(crate) fn is_hit(method: &Method, target: &Target) -> bool {
    *method == Method::POST && target.key == "uploadhit" && target.query.has("Hash") && target.query.has("FileName")
}

impl Call {
    /// The call that a request is.
    pub(crate) fn of(method: &Method, target: &Target, headers: &HeaderMap) -> Result<Self, UfileError> {
        let has = |name: &str| target.query.has(name);
        let call = if target.key.is_empty() {
            match *method {
                Method::GET if has("listobjects") => Some(Self::ListObjects),
                Method::GET if has("list") => Some(Self::PrefixFileList),
                Method::GET if has("muploadid") => Some(Self::ListUploads),
                Method::GET if has("muploadpart") => Some(Self::ListParts),
                Method::POST if is_form(headers) => Some(Self::PostFile),
                _ => None,
            }
        } else if is_hit(method, target) {
            Some(Self::UploadHit)
        } else {
            Self::of_key(method, target, headers)
        };
        call.ok_or(UfileError::NoSuchCall)
    }

    fn of_key(method: &Method, target: &Target, headers: &HeaderMap) -> Option<Self> {
        let has = |name: &str| target.query.has(name);
        let copied = headers.contains_key("x-ufile-copy-source");
        match *method {
            Method::GET if has("tagging") => Some(Self::GetTagging),
            Method::GET if has("acl") => Some(Self::GetAcl),
            Method::GET => Some(Self::GetFile),
            Method::HEAD => Some(Self::HeadFile),
            Method::PUT if has("uploadId") && copied => Some(Self::UploadPartCopy),
            Method::PUT if has("uploadId") => Some(Self::UploadPart),
            Method::PUT if has("restore") => Some(Self::Restore),
            Method::PUT if has("storageClass") => Some(Self::ClassSwitch),
            Method::PUT if has("newFileName") => Some(Self::Rename),
            Method::PUT if has("append") => Some(Self::AppendFile),
            Method::PUT if has("tagging") => Some(Self::PutTagging),
            Method::PUT if has("acl") => Some(Self::PutAcl),
            Method::PUT if copied => Some(Self::Copy),
            Method::PUT => Some(Self::PutFile),
            Method::POST if has("uploads") => Some(Self::InitiateMultipartUpload),
            Method::POST if has("uploadId") => Some(Self::FinishMultipartUpload),
            Method::POST if has("opmeta") => Some(Self::OpMeta),
            Method::DELETE if has("tagging") => Some(Self::DeleteTagging),
            // JuiceFS writes the other name.
            Method::DELETE if has("uploadId") || has("uploads") => Some(Self::AbortMultipartUpload),
            // Something else was meant: the object is not what goes.
            Method::DELETE if target.query.names().any(|name| !SIGNATURE.contains(&name)) => None,
            Method::DELETE => Some(Self::DeleteFile),
            _ => None,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::query::Query;

    fn call(method: Method, uri: &str, header: Option<(&'static str, &'static str)>) -> &'static str {
        let (key, query) = uri.split_once('?').unwrap_or((uri, ""));
        let target = Target { key: key.to_owned(), query: Query::parse(query).unwrap(), ..Target::default() };
        let headers = header.into_iter().map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap())).collect();
        Call::of(&method, &target, &headers).map_or_else(|e| e.as_str(), Call::as_str)
    }

    #[test]
    fn every_call_has_its_shape() {
        use Method as M;
        let copy = Some(("x-ufile-copy-source", "/b/k"));
        let form = Some(("content-type", "multipart/form-data; boundary=x"));
        for (method, uri, header, wanted) in [
            (M::PUT, "k", None, "PutFile"),
            (M::POST, "", form, "PostFile"),
            (M::POST, "uploadhit?Hash=a&FileName=k&FileSize=1", None, "UploadHit"),
            (M::POST, "uploadhit?uploads", None, "InitiateMultipartUpload"),
            (M::GET, "k", None, "GetFile"),
            (M::HEAD, "k", None, "HEADFile"),
            (M::DELETE, "k", None, "DeleteFile"),
            (M::DELETE, "k?UCloudPublicKey=a&Expires=1&Signature=b", None, "DeleteFile"),
            (M::DELETE, "k?uploadId=a", None, "AbortMultipartUpload"),
            (M::DELETE, "k?uploads=a", None, "AbortMultipartUpload"),
            (M::DELETE, "k?lifecycle", None, "no_such_call"),
            (M::PUT, "k", copy, "Copy"),
            (M::PUT, "k?uploadId=a&partNumber=0", copy, "UploadPartCopy"),
            (M::PUT, "k?uploadId=a&partNumber=0", None, "UploadPart"),
            (M::POST, "k?uploads", None, "InitiateMultipartUpload"),
            (M::POST, "k?uploadId=a&newKey=", None, "FinishMultipartUpload"),
            (M::POST, "k?opmeta", None, "OpMeta"),
            (M::PUT, "k?storageClass=IA", None, "ClassSwitch"),
            (M::PUT, "k?restore", None, "Restore"),
            (M::PUT, "k?newFileName=b&force=true", None, "Rename"),
            (M::PUT, "k?append&position=0", None, "AppendFile"),
            (M::GET, "?list&prefix=a", None, "PrefixFileList"),
            (M::GET, "?listobjects", None, "ListObjects"),
            (M::GET, "?muploadid", None, "GetMultiUploadId"),
            (M::GET, "?muploadpart&uploadId=a", None, "ListParts"),
            (M::GET, "", None, "no_such_call"),
            (M::PUT, "", None, "no_such_call"),
            (M::DELETE, "", None, "no_such_call"),
            (M::PATCH, "k", None, "no_such_call"),
        ] {
            assert_eq!(call(method.clone(), uri, header), wanted, "{method} {uri}");
        }
    }
}
