//! A form that uploads a file: its fields, read within bounds, then the file as it comes.
//!
//! The fields stand before the file, as in every SDK; what is behind it is not looked at. The Python SDK does
//! not close its form, so the file ends at the next boundary, whatever follows.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use doorstep_objects::{Body, BodyError, ObjectsError, Pace, Paced};
use futures::{Stream, StreamExt as _};
use memchr::memmem;

use crate::UfileError;

/// All that stands before the file's bytes, at most.
pub(crate) const MOST_HEAD: usize = 64 << 10;
/// Most fields.
const MOST_FIELDS: usize = 32;

/// The fields of a form and what is known of its file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FormHead {
    /// Names and values, in the order they came.
    pub fields: Vec<(String, String)>,
    /// The `Content-Type` of the file.
    pub content_type: Option<String>,
    /// Where the file's bytes begin.
    pub at: usize,
}

/// What the beginning of a form is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// More is needed.
    More,
    /// It is no form with a file.
    Bad(&'static str),
    /// All up to the file.
    Head(FormHead),
}

/// The boundary of a form, from its `Content-Type`.
#[must_use]
pub fn boundary(content_type: &str) -> Option<String> {
    let mut parameters = content_type.split(';').skip(1);
    let value = parameters.find_map(|p| {
        let (name, value) = p.trim().split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"').to_owned())
    })?;
    (!value.is_empty() && value.len() <= 200 && value.bytes().all(|b| (b' '..=b'~').contains(&b))).then_some(value)
}

/// A parameter of `Content-Disposition`: `name="…"`.
fn parameter(value: &str, wanted: &str) -> Option<String> {
    value.split(';').skip(1).find_map(|p| {
        let (name, value) = p.trim().split_once('=')?;
        name.trim().eq_ignore_ascii_case(wanted).then(|| value.trim().trim_matches('"').to_owned())
    })
}

impl FormHead {
    /// The first field of this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The key that a form of UFile's names: the API's example and all SDKs say `FileName`, its table `ObjectName`.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.field("FileName").or_else(|| self.field("ObjectName"))
    }

    /// Reads the beginning of a form with this boundary.
    #[must_use]
    pub fn parse(bytes: &[u8], boundary: &str) -> Parsed {
        let dash = format!("--{boundary}");
        let delimiter = format!("\r\n{dash}");
        let Some(found) = memmem::find(bytes, dash.as_bytes()) else { return Parsed::More };
        let mut head = Self::default();
        let mut at = found + dash.len();
        loop {
            let rest = &bytes[at..];
            if rest.len() < 2 {
                return Parsed::More;
            }
            if rest.starts_with(b"--") {
                return Parsed::Bad("the form has no file");
            }
            if !rest.starts_with(b"\r\n") {
                return Parsed::Bad("a boundary ends its line");
            }
            // From the line's end, so that a part without headers has its empty line too.
            let Some(end) = memmem::find(rest, b"\r\n\r\n") else { return Parsed::More };
            let Ok(lines) = std::str::from_utf8(&rest[2..end.max(2)]) else {
                return Parsed::Bad("a header of the form is no UTF-8");
            };
            let header = |wanted: &str| {
                lines.split("\r\n").find_map(|line| {
                    let (name, value) = line.split_once(':')?;
                    name.trim().eq_ignore_ascii_case(wanted).then(|| value.trim())
                })
            };
            let Some(disposition) = header("content-disposition") else {
                return Parsed::Bad("a part of the form has no Content-Disposition");
            };
            let Some(name) = parameter(disposition, "name") else {
                return Parsed::Bad("a part of the form has no name");
            };
            let start = at + end + 4;
            if name == "file" || parameter(disposition, "filename").is_some() {
                head.content_type = header("content-type").map(str::to_owned);
                head.at = start;
                return Parsed::Head(head);
            }
            let Some(length) = memmem::find(&bytes[start..], delimiter.as_bytes()) else { return Parsed::More };
            let Ok(value) = std::str::from_utf8(&bytes[start..start + length]) else {
                return Parsed::Bad("a field of the form is no UTF-8");
            };
            if head.fields.len() == MOST_FIELDS {
                return Parsed::Bad("the form has more than 32 fields");
            }
            head.fields.push((name, value.to_owned()));
            at = start + length + delimiter.len();
        }
    }
}

/// The beginning of a body, as far as it had to be read.
pub(crate) enum Beginning {
    /// Up to a form's file.
    Form(FormHead),
    /// Something else, and why.
    Other(&'static str),
}

/// Reads the beginning of a body until it is clear what it is; at most [`MOST_HEAD`] bytes and what came with
/// the last of them.
pub(crate) async fn begin(body: &mut Body, boundary: &str, pace: Pace) -> Result<(Beginning, Bytes), ObjectsError> {
    let (mut read, mut paced) = (BytesMut::new(), Paced::new(pace));
    // Looked at each time there is twice as much, so that tiny pieces cost no more than large ones.
    let mut enough = 1024;
    loop {
        let next = paced.next(body).await?;
        let ended = next.is_none();
        if let Some(piece) = next {
            read.extend_from_slice(&piece);
        }
        if !ended && read.len() < enough {
            continue;
        }
        enough = (read.len() * 2).min(MOST_HEAD + 1);
        let beginning = match FormHead::parse(&read, boundary) {
            Parsed::Head(head) => Beginning::Form(head),
            Parsed::Bad(reason) => Beginning::Other(reason),
            Parsed::More if ended => Beginning::Other("the form breaks off before its file"),
            Parsed::More if read.len() > MOST_HEAD => Beginning::Other("more than 64 KiB stand before the file"),
            Parsed::More => continue,
        };
        return Ok((beginning, read.freeze()));
    }
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
        match begin(&mut body, &boundary, pace).await? {
            (Beginning::Form(head), read) => {
                let first = read.slice(head.at..);
                let file = FileBytes::new(futures::stream::once(async { Ok(first) }).chain(body).boxed(), &boundary);
                Ok(Self { head, file: file.boxed() })
            }
            (Beginning::Other(reason), _) => Err(bad(reason)),
        }
    }
}

/// The bytes of a form's file: up to the next boundary.
struct FileBytes {
    body: Body,
    delimiter: memmem::Finder<'static>,
    /// Read and not given on yet: the end may be the beginning of a boundary.
    held: BytesMut,
    over: bool,
}

impl FileBytes {
    fn new(body: Body, boundary: &str) -> Self {
        let delimiter = memmem::Finder::new(&format!("\r\n--{boundary}")).into_owned();
        Self { body, delimiter, held: BytesMut::new(), over: false }
    }
}

impl Stream for FileBytes {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if this.over {
                return Poll::Ready(None);
            }
            let end = this.delimiter.find(&this.held);
            this.over = end.is_some();
            let safe = this.held.len().saturating_sub(this.delimiter.needle().len() - 1);
            let piece = this.held.split_to(end.unwrap_or(safe)).freeze();
            if !piece.is_empty() {
                return Poll::Ready(Some(Ok(piece)));
            }
            if this.over {
                return Poll::Ready(None);
            }
            match std::task::ready!(this.body.poll_next_unpin(cx)) {
                Some(Ok(piece)) => this.held.extend_from_slice(&piece),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => {
                    this.over = true;
                    return Poll::Ready(Some(Err("the form breaks off inside its file".into())));
                }
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use futures::TryStreamExt as _;

    use super::*;

    const FORM: &str = "--b\r\nContent-Disposition: form-data; name=\"FileName\"\r\n\r\na/ü.txt\r\n--b\r\n\
        content-disposition: form-data; name=\"Empty\"\r\n\r\n\r\n--b\r\n\
        Content-Disposition: form-data; name=\"file\"; filename=\"x\"\r\nContent-Type: text/plain\r\n\r\n";

    async fn read(text: String, piece: usize) -> Result<(FormHead, Vec<u8>), String> {
        let pieces: Vec<Result<Bytes, BodyError>> =
            text.into_bytes().chunks(piece).map(|c| Ok(Bytes::copy_from_slice(c))).collect();
        let body = futures::stream::iter(pieces).boxed();
        let form = Form::open(body, "multipart/form-data; boundary=b", Pace::default()).await;
        let form = form.map_err(|e| e.to_string())?;
        let file: Vec<Bytes> = form.file.try_collect().await.map_err(|e| e.to_string())?;
        Ok((form.head, file.concat()))
    }

    #[tokio::test]
    async fn fields_and_file_in_any_pieces() {
        for file in ["", "x", "\r\n", "\r\n--", "--b", "two\r\nlines\r\n-b\r\n", &"\r\n--a".repeat(500)] {
            for piece in [1, 2, 3, 7, 100_000] {
                for end in ["\r\n--b--\r\n", "\r\n--b\r\n"] {
                    let (head, bytes) = read(format!("{FORM}{file}{end}"), piece).await.unwrap();
                    assert_eq!(bytes, file.as_bytes());
                    assert_eq!((head.key(), head.field("Empty")), (Some("a/ü.txt"), Some("")));
                    assert_eq!(head.content_type.as_deref(), Some("text/plain"));
                }
            }
        }
    }

    #[tokio::test]
    async fn what_is_no_form() {
        for (text, why) in [
            (String::new(), "breaks off before"),
            ("--b--".to_owned(), "has no file"),
            ("--bx\r\n".to_owned(), "ends its line"),
            ("--b\r\n\r\n\r\n--b--".to_owned(), "no Content-Disposition"),
            ("--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b".to_owned(), "has no name"),
            (format!("{FORM}never closed"), "inside its file"),
            (format!("--b\r\nX: {}", "y".repeat(70_000)), "64 KiB"),
            ("x".repeat(70_000), "64 KiB"),
            ("--b\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\nv\r\n".repeat(40), "32 fields"),
        ] {
            let got = read(text.clone(), 1000).await.unwrap_err();
            assert!(got.contains(why), "{got} is not {why}");
        }
    }

    #[test]
    fn boundaries() {
        let of = |text: &str| boundary(text);
        assert_eq!(of("multipart/form-data; boundary=abc"), Some("abc".to_owned()));
        assert_eq!(of("multipart/form-data; charset=x; Boundary=\"a b\""), Some("a b".to_owned()));
        for bad in ["multipart/form-data", "multipart/form-data; boundary=", "a; boundary=ä"] {
            assert_eq!(of(bad), None, "{bad}");
        }
    }
}
