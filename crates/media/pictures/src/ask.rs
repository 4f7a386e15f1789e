//! What a request asks of a picture: by its query or its path, told apart from what belongs to the protocol.
//!
//! `iopcmd=…` (with everything in the query that is not the protocol's), `iopstyle=NAME`, `x-oss-process=image/…` or
//! `style/NAME`, and imgproxy's paths whose source is `s3://bucket/key`; its presets are styles. Anything else asks nothing of a picture.

use doorstep_images::Pipeline;
use doorstep_images::grammar::{imgproxy, iopcmd, oss, percent_decode};

use crate::PictureError;
use crate::settings::is_name;

/// A request for a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// What is to be done.
    pub wanted: Wanted,
    /// To which object.
    pub place: Place,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    /// This.
    Pipeline(Box<Pipeline>),
    /// What the bucket has saved under this name.
    Style(String),
}

/// How the object is named.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// As the protocol names objects.
    Protocol {
        /// The query without what it asks of the picture; empty when nothing is left.
        rest: String,
    },
    /// By imgproxy's path.
    Path(Named),
}

/// What an imgproxy path says beside the options.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub key: String,
    /// Nothing was signed, and the path says so.
    pub unsigned: bool,
    /// Unix seconds from which on it is no longer good.
    pub expires: Option<u64>,
}

impl Ask {
    /// Reads a request's path and query, both as they are on the wire.
    ///
    /// # Errors
    /// What is wrong with it; nothing when it does not ask for a picture.
    pub fn of(path: &str, query: Option<&str>) -> Result<Option<Self>, PictureError> {
        if names_a_source(path) {
            return by_path(path);
        }
        match query {
            Some(query) if may_ask(query) => by_query(query),
            _ => Ok(None),
        }
    }
}

/// The quick look that almost every request ends with.
fn may_ask(query: &str) -> bool {
    ["iopcmd", "iopstyle", "x-oss-process"].iter().any(|name| query.contains(name))
}

/// Parameters that belong to a protocol and say nothing of a picture.
fn of_protocol(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let named =
        ["awsaccesskeyid", "signature", "expires", "ucloudpublickey", "ufileattname", "versionid", "partnumber"];
    name.starts_with("x-amz-") || name.starts_with("response-") || name == "x-id" || named.contains(&name.as_str())
}

fn by_query(query: &str) -> Result<Option<Ask>, PictureError> {
    let (mut rest, mut command) = (Vec::new(), Vec::new());
    let (mut process, mut style) = (None, None);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let once = match name {
            "x-oss-process" => &mut process,
            "iopstyle" => &mut style,
            name => {
                if of_protocol(name) {
                    rest.push(pair)
                } else {
                    command.push(pair)
                }
                continue;
            }
        };
        if once.replace(value).is_some() {
            return Err(PictureError::Twice);
        }
    }
    let commanded = command.iter().any(|pair| pair.starts_with("iopcmd="));
    let wanted = match (commanded, process, style) {
        (false, None, None) => return Ok(None),
        (true, None, None) => Wanted::Pipeline(Box::new(iopcmd::parse(&command.join("&"))?)),
        (false, Some(value), None) => {
            rest.append(&mut command);
            let value = percent_decode(value).unwrap_or_else(|| value.to_owned());
            match value.strip_prefix("style/") {
                Some(name) => named(name)?,
                None => Wanted::Pipeline(Box::new(oss::parse(&value)?)),
            }
        }
        (false, None, Some(name)) => {
            rest.append(&mut command);
            named(name)?
        }
        _ => return Err(PictureError::Twice),
    };
    Ok(Some(Ask { wanted, place: Place::Protocol { rest: rest.join("&") } }))
}

fn named(name: &str) -> Result<Wanted, PictureError> {
    if is_name(name) {
        return Ok(Wanted::Style(name.to_owned()));
    }
    Err(PictureError::NoSuchStyle { name: name.chars().take(64).collect() })
}

/// Whether a path names its source as imgproxy does: `…/plain/s3://…`, or `s3://` in Base64.
fn names_a_source(path: &str) -> bool {
    let plain = path.find("/plain/").is_some_and(|at| at > 0 && is_bucket_url(&path[at + "/plain/".len()..]));
    plain || path.match_indices("/czM6Ly").any(|(at, _)| at > 0)
}

fn is_bucket_url(text: &str) -> bool {
    let start = text.get(..3).unwrap_or_default();
    let colon = text.get(2..5).unwrap_or_default();
    start.eq_ignore_ascii_case("s3:") || (start.eq_ignore_ascii_case("s3%") && colon.eq_ignore_ascii_case("%3a"))
}

/// imgproxy's presets are styles: the name, and the path without it.
fn preset(path: &str) -> Option<(&str, String)> {
    let (signature, rest) = path.strip_prefix('/')?.split_once('/')?;
    let (first, after) = rest.split_once('/')?;
    let name = first.strip_prefix("pr:").or_else(|| first.strip_prefix("preset:"))?;
    Some((name, format!("/{signature}/{after}")))
}

fn by_path(path: &str) -> Result<Option<Ask>, PictureError> {
    if let Some((name, bare)) = preset(path) {
        let style = named(name)?;
        if preset(&bare).is_some() {
            return Err(PictureError::Twice);
        }
        return match by_path(&bare)? {
            Some(Ask { wanted: Wanted::Pipeline(pipeline), place }) if *pipeline == Pipeline::default() => {
                Ok(Some(Ask { wanted: style, place }))
            }
            Some(_) => Err(PictureError::Twice),
            None => Ok(None),
        };
    }
    let request = match imgproxy::parse(path) {
        Ok(request) => request,
        // A key may look like Base64.
        Err(_) if !path.contains("/plain/") => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let named = request.source.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
    let named = named.filter(|(bucket, key)| !bucket.is_empty() && !key.is_empty());
    let Some((bucket, key)) = named else {
        if !path.contains("/plain/") {
            return Ok(None);
        }
        return Err(PictureError::Source { given: request.source.chars().take(128).collect() });
    };
    let unsigned = matches!(request.signature.as_str(), "insecure" | "unsafe" | "_" | "-");
    let named = Named { bucket: bucket.to_owned(), key: key.to_owned(), unsigned, expires: request.expires };
    Ok(Some(Ask { wanted: Wanted::Pipeline(Box::new(request.pipeline)), place: Place::Path(named) }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(target: &str) -> Option<(String, String)> {
        let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let ask = Ask::of(path, query).unwrap()?;
        let wanted = match ask.wanted {
            Wanted::Pipeline(pipeline) => pipeline.to_string(),
            Wanted::Style(name) => format!("style {name}"),
        };
        let place = match ask.place {
            Place::Protocol { rest } => rest,
            Place::Path(Named { bucket, key, unsigned, .. }) => format!("{bucket} {key} {unsigned}"),
        };
        Some((wanted, place))
    }

    fn wants(target: &str, wanted: &str, place: &str) {
        assert_eq!(of(target), Some((wanted.to_owned(), place.to_owned())), "{target}");
    }

    #[test]
    fn each_grammar_finds_its_place() {
        let thumbnail = "iopcmd=thumbnail&type=4&width=9";
        wants("/b/k?iopcmd=thumbnail&type=4&width=9", thumbnail, "");
        wants(
            "/b/k?versionId=a&iopcmd=thumbnail&type=4&width=9&X-Amz-Signature=s",
            thumbnail,
            "versionId=a&X-Amz-Signature=s",
        );
        wants(
            "/b/k?iopcmd=thumbnail&type=4&width=9%7Ciopcmd=rotate&degree=90&UCloudPublicKey=k&Expires=1&Signature=s",
            "iopcmd=thumbnail&type=4&width=9|iopcmd=rotate&degree=90",
            "UCloudPublicKey=k&Expires=1&Signature=s",
        );
        // As signers that sort a query leave it.
        wants("/b/k?X-Amz-Date=d&degree=90&iopcmd=rotate", "iopcmd=rotate&degree=90", "X-Amz-Date=d");
        wants(
            "/k?x-oss-process=image%2Fresize%2Cw_9&x-id=GetObject",
            "iopcmd=thumbnail&type=4&width=9&enlarge=0",
            "x-id=GetObject",
        );
        wants("/k?x-oss-process=style/small&v=2", "style small", "v=2");
        wants("/k?iopstyle=small", "style small", "");
        wants(
            "/insecure/rs:fit:9:0/plain/s3://b/a/k.jpg@webp",
            "iopcmd=thumbnail&type=4&width=9&enlarge=0|iopcmd=convert&dst=webp",
            "b a/k.jpg true",
        );
        wants(
            "/AfrOrF3gWeDA6VOlDG4TzxMv39O7MXnF4CXpKUwGqRM/w:9/plain/s3%3A%2F%2Fb/k",
            "iopcmd=thumbnail&type=4&width=9&enlarge=0",
            "b k false",
        );
        wants("/_/pr:card/plain/s3://b/k", "style card", "b k true");
        wants("/_/preset:card/czM6Ly9iL2s", "style card", "b k true");
        wants("/_/w:9/czM6Ly9iL2s.png", "iopcmd=thumbnail&type=4&width=9&enlarge=0|iopcmd=convert&dst=png", "b k true");
    }

    #[test]
    fn what_asks_for_no_picture() {
        for other in [
            "/",
            "/b",
            "/b/k",
            "/b/k?versionId=1",
            "/b?list-type=2&prefix=iopcmd",
            "/b/k?X-Amz-Signature=s",
            "/plain/s3://b/k",
            "/b/plain/x.txt",
            "/b/czM6Ly",
            "/b/czM6Ly//",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let refused = |target: &str| {
            let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
            Ask::of(path, query).unwrap_err().code()
        };
        assert_eq!(refused("/b/k?iopcmd=thumbnail&type=4&widht=9"), "InvalidArgument");
        assert_eq!(refused("/b/k?iopcmd=rotate&degree=90&x-oss-process=image/info"), "InvalidArgument");
        assert_eq!(refused("/b/k?iopstyle=a&iopstyle=b"), "InvalidArgument");
        assert_eq!(refused("/b/k?iopstyle=a/b"), "NoSuchStyle");
        assert_eq!(refused("/_/w:9/plain/s3://b"), "InvalidArgument");
        assert_eq!(refused("/_/pr:card/w:9/plain/s3://b/k"), "InvalidArgument");
        assert_eq!(refused("/_/pr:card/plain/s3://b/k@webp"), "InvalidArgument");
        assert_eq!(refused("/_/pr:card/pr:other/plain/s3://b/k"), "InvalidArgument");
        assert_eq!(refused("/_/pr:a:b/plain/s3://b/k"), "NoSuchStyle");
        assert_eq!(refused("/_/width:x/plain/s3://b/k"), "InvalidArgument");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(path in "/[ -~]{0,60}", query in "[ -~]{0,80}") {
            let _ = Ask::of(&path, Some(&query));
        }

        #[test]
        fn what_is_left_asks_for_nothing_more(
            pairs in proptest::collection::vec("(iopcmd|iopstyle|x-oss-process|type|X-Amz-Date|versionId|width)=?(rotate|style/a|a|image/info|90|)", 0..6)
        ) {
            let query = pairs.join("&");
            if let Ok(Some(Ask { place: Place::Protocol { rest }, .. })) = Ask::of("/b/k", Some(&query)) {
                prop_assert!(rest.split('&').all(|pair| pair.is_empty() || pairs.iter().any(|one| one == pair)));
                prop_assert_eq!(Ask::of("/b/k", Some(&rest)).ok(), Some(None));
            }
        }

        #[test]
        fn the_protocols_parameters_are_left_as_they_are(before in "X-Amz-[A-Z][a-z]{1,8}=[a-z0-9%]{0,9}", after in "versionId=[a-z0-9]{1,9}") {
            let ask = Ask::of("/b/k", Some(&format!("{before}&iopcmd=rotate&{after}&degree=90"))).unwrap().unwrap();
            prop_assert_eq!(ask.place, Place::Protocol { rest: format!("{before}&{after}") });
        }
    }
}
