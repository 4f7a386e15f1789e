//! JSON text as a type, or a fault that names the field. Pure, with nothing of the API in it: the fuzz targets
//! take this file as it is.

use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

/// What kind of fault a text has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// It is not JSON.
    NotJson,
    /// It has a field that nobody expects.
    UnknownField,
    /// A field is missing, stands twice or has a value that will not do.
    InvalidField,
}

/// Why a text was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) kind: FaultKind,
    /// JSON pointer of the field.
    pub(crate) field: String,
    /// What is wrong with it.
    pub(crate) reason: String,
    /// How to mend it.
    pub(crate) fix: String,
    /// What serde says, with the place.
    pub(crate) message: String,
}

/// JSON text as `T`, or a fault that names the field by its JSON pointer.
pub(crate) fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, Fault> {
    let mut json = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let field = pointer(error.path());
        faulty(field, error.inner())
    })?;
    json.end().map_err(|error| faulty(String::new(), &error))?;
    Ok(value)
}

fn faulty(mut field: String, error: &serde_json::Error) -> Fault {
    let message = error.to_string();
    let (reason, place) = match message.rfind(" at line ") {
        Some(at) => (message[..at].to_owned(), message[at..].to_owned()),
        None => (message.clone(), String::new()),
    };
    if !error.is_data() {
        let fix = if reason.starts_with("expected value") {
            "send a JSON value; NaN and Infinity are none".to_owned()
        } else {
            format!("correct the JSON{place}")
        };
        return Fault { kind: FaultKind::NotJson, field, reason, fix, message };
    }
    let quoted = reason.split('`').nth(1).unwrap_or_default().to_owned();
    let (kind, fix) = if reason.starts_with("unknown field") {
        add_last(&mut field, &quoted);
        let known = reason.split_once(", ").map_or("no field is expected here", |(_, known)| known);
        (FaultKind::UnknownField, format!("remove it; {known}"))
    } else if reason.starts_with("missing field") {
        add_last(&mut field, &quoted);
        (FaultKind::InvalidField, "add it".to_owned())
    } else if reason.starts_with("duplicate field") {
        add_last(&mut field, &quoted);
        (FaultKind::InvalidField, "send it once".to_owned())
    } else if let Some((_, expected)) = reason.split_once(", expected ") {
        (FaultKind::InvalidField, format!("send {expected}"))
    } else {
        (FaultKind::InvalidField, "see the API page at /docs for what is expected".to_owned())
    };
    let reason = if kind == FaultKind::UnknownField { format!("there is no field `{quoted}`") } else { reason };
    Fault { kind, field, reason, fix, message }
}

/// The path that serde knows may or may not end in the field that it complains about.
fn add_last(field: &mut String, name: &str) {
    let name = escape(name);
    if !field.ends_with(&format!("/{name}")) {
        field.push('/');
        field.push_str(&name);
    }
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    path.iter().fold(String::new(), |mut pointer, segment| {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => pointer.push_str(&format!("/{}", escape(key))),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
        pointer
    })
}

/// RFC 6901.
fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
