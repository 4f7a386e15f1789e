//! A form that uploads a file, for the faces whose protocol has one: its fields, read within bounds, then the file as
//! it comes.
//!
//! The fields stand before the file, as in every SDK; what is behind it is not looked at. Some SDKs do not close their
//! form, so the file ends at the next boundary, whatever follows. Which part is the file each protocol says itself.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt as _};
use memchr::memmem;

use crate::{Body, BodyError, ObjectsError, Pace, Paced};

/// All that stands before the file's bytes, at most.
const MOST_HEAD: usize = 64 << 10;
/// Most fields.
const MOST_FIELDS: usize = 100;

/// Whether a part of this name, and with this file name, is the file.
pub type IsFile = fn(name: &str, filename: Option<&str>) -> bool;

/// The fields of a form and what is known of its file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FormHead {
    /// Names and values, in the order they came.
    pub fields: Vec<(String, String)>,
    /// The `Content-Type` of the file.
    pub content_type: Option<String>,
    /// The name that the file has where it comes from.
    pub filename: Option<String>,
    /// Where the file's bytes begin.
    pub at: usize,
}

/// What the beginning of a form is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// More is needed.
    More,
    /// A whole form without a file.
    NoFile,
    /// It is no form.
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

/// A parameter of `Content-Disposition`: `name="…"`, where a quote inside is written `%22` or behind a backslash.
fn parameter(value: &str, wanted: &str) -> Option<String> {
    let mut rest = value.split_once(';')?.1;
    loop {
        let (name, after) = rest.split_once('=')?;
        let (found, behind) = match after.trim_start().strip_prefix('"') {
            Some(quoted) => until_quote(quoted),
            None => {
                let (word, behind) = after.split_once(';').unwrap_or((after, ""));
                (word.trim().to_owned(), behind)
            }
        };
        if name.trim_matches([' ', ';', '\t']).eq_ignore_ascii_case(wanted) {
            return Some(found);
        }
        rest = behind;
    }
}

/// What stands before the closing quote, and what behind it. A backslash escapes a quote and itself and nothing else:
/// Windows has paths with it.
fn until_quote(text: &str) -> (String, &str) {
    let (mut found, mut chars) = (String::new(), text.char_indices());
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (found, &text[at + 1..]),
            '\\' if text[at + 1..].starts_with(['"', '\\']) => found.extend(chars.next().map(|(_, c)| c)),
            c => found.push(c),
        }
    }
    (found, "")
}

impl FormHead {
    /// The first field of this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// Reads the beginning of a form with this boundary.
    #[must_use]
    pub fn parse(bytes: &[u8], boundary: &str, is_file: IsFile) -> Parsed {
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
                return Parsed::NoFile;
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
            let filename = parameter(disposition, "filename");
            if is_file(&name, filename.as_deref()) {
                head.filename = filename;
                head.content_type = header("content-type").map(str::to_owned);
                head.at = start;
                return Parsed::Head(head);
            }
            let Some(length) = memmem::find(&bytes[start..], delimiter.as_bytes()) else { return Parsed::More };
            let Ok(value) = std::str::from_utf8(&bytes[start..start + length]) else {
                return Parsed::Bad("a field of the form is no UTF-8");
            };
            if head.fields.len() == MOST_FIELDS {
                return Parsed::Bad("the form has more than 100 fields");
            }
            head.fields.push((name, value.to_owned()));
            at = start + length + delimiter.len();
        }
    }
}

/// The beginning of a body, as far as it had to be read.
pub enum Beginning {
    /// Up to a form's file.
    Form(FormHead),
    /// A whole form without a file.
    NoFile,
    /// Something else, and why.
    Other(&'static str),
    /// Too much of a form before its file.
    Long,
}

impl Beginning {
    /// Why it is no form that can be taken.
    ///
    /// # Errors
    /// The reason.
    pub fn form(self) -> Result<FormHead, &'static str> {
        match self {
            Self::Form(head) => Ok(head),
            Self::NoFile => Err("the form has no file"),
            Self::Other(reason) => Err(reason),
            Self::Long => Err("more than 64 KiB stand before the file"),
        }
    }
}

/// Reads the beginning of a body until it is clear what it is; at most [`MOST_HEAD`] bytes and what came with
/// the last of them.
///
/// # Errors
/// The body's, when it breaks off or comes too slowly.
pub async fn begin(
    body: &mut Body,
    boundary: &str,
    is_file: IsFile,
    pace: Pace,
) -> Result<(Beginning, Bytes), ObjectsError> {
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
        let beginning = match FormHead::parse(&read, boundary, is_file) {
            Parsed::Head(head) => Beginning::Form(head),
            Parsed::NoFile => Beginning::NoFile,
            Parsed::Bad(reason) => Beginning::Other(reason),
            Parsed::More if ended => Beginning::Other("the form breaks off before its file"),
            Parsed::More if read.len() > MOST_HEAD => Beginning::Long,
            Parsed::More => continue,
        };
        return Ok((beginning, read.freeze()));
    }
}

/// The bytes of a form's file, once its head and what came with it are `read`.
#[must_use]
pub fn file(head: &FormHead, read: &Bytes, body: Body, boundary: &str) -> Body {
    let first = read.slice(head.at..);
    FileBytes::new(futures::stream::once(async { Ok(first) }).chain(body).boxed(), boundary).boxed()
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

    fn named(name: &str, _: Option<&str>) -> bool {
        name == "file"
    }

    async fn read(text: String, piece: usize) -> Result<(FormHead, Vec<u8>), String> {
        let pieces: Vec<Result<Bytes, BodyError>> =
            text.into_bytes().chunks(piece).map(|c| Ok(Bytes::copy_from_slice(c))).collect();
        let mut body = futures::stream::iter(pieces).boxed();
        let (beginning, read) = begin(&mut body, "b", named, Pace::default()).await.map_err(|e| e.to_string())?;
        let head = beginning.form()?;
        let bytes: Vec<Bytes> = file(&head, &read, body, "b").try_collect().await.map_err(|e| e.to_string())?;
        Ok((head, bytes.concat()))
    }

    #[tokio::test]
    async fn fields_and_file_in_any_pieces() {
        for file in ["", "x", "\r\n", "\r\n--", "--b", "two\r\nlines\r\n-b\r\n", &"\r\n--a".repeat(500)] {
            for piece in [1, 2, 3, 7, 100_000] {
                for end in ["\r\n--b--\r\n", "\r\n--b\r\n"] {
                    let (head, bytes) = read(format!("{FORM}{file}{end}"), piece).await.unwrap();
                    assert_eq!(bytes, file.as_bytes());
                    assert_eq!((head.field("FileName"), head.field("Empty")), (Some("a/ü.txt"), Some("")));
                    assert_eq!(
                        (head.content_type.as_deref(), head.filename.as_deref()),
                        (Some("text/plain"), Some("x"))
                    );
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
            ("--b\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\nv\r\n".repeat(110), "100 fields"),
        ] {
            let got = read(text.clone(), 1000).await.unwrap_err();
            assert!(got.contains(why), "{got} is not {why}");
        }
    }

    #[test]
    fn names_in_quotes() {
        let of = |value: &str| (parameter(value, "name"), parameter(value, "filename"));
        let both = |a: &str, b: &str| (Some(a.to_owned()), Some(b.to_owned()));
        assert_eq!(of(r#"form-data; name="file"; filename="a; name=b.txt""#), both("file", "a; name=b.txt"));
        assert_eq!(of(r#"form-data; FileName="a\"b" ;name=file"#), both("file", "a\"b"));
        assert_eq!(of(r#"form-data; name="file"; filename="C:\dir\门.png""#), both("file", r"C:\dir\门.png"));
        assert_eq!(of(r#"form-data; name="never closed"#), (Some("never closed".to_owned()), None));
        assert_eq!(of("form-data"), (None, None));
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
