//! UFile's forms: which part is the file, and which field names its key.

use doorstep_objects::form::{FormHead, begin, boundary, file};
use doorstep_objects::{Body, Pace};

use crate::UfileError;

/// The part `file`, or any that comes from a file.
#[must_use]
pub fn is_file(name: &str, filename: Option<&str>) -> bool {
    name == "file" || filename.is_some()
}

/// The key that a form of UFile's names: the API's example and all SDKs say `FileName`, its table `ObjectName`.
pub(crate) fn key(head: &FormHead) -> Option<&str> {
    head.field("FileName").or_else(|| head.field("ObjectName"))
}

/// A form whose fields were read and whose file comes.
pub(crate) struct Form {
    pub(crate) head: FormHead,
    pub(crate) file: Body,
}

impl Form {
    pub(crate) async fn open(mut body: Body, content_type: &str, pace: Pace) -> Result<Self, UfileError> {
        let bad = |reason: &str| {
            UfileError::field("form", reason, "send the fields FileName and Authorization, then the file")
        };
        let boundary = boundary(content_type).ok_or_else(|| bad("its Content-Type names no boundary"))?;
        let (beginning, read) = begin(&mut body, &boundary, is_file, pace).await?;
        let head = beginning.form().map_err(bad)?;
        let file = file(&head, &read, body, &boundary);
        Ok(Self { head, file })
    }
}
