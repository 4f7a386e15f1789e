//! What is made of uploads by itself: a rule says of which, and where each result goes. Pure decisions.

use std::collections::BTreeMap;

use doorstep_images::Format;
use doorstep_objects::{Object, ObjectsError};
use serde::{Deserialize, Serialize};

use crate::settings::{Style, check_process, invalid, is_name};

/// Most results of one rule.
const MOST_RESULTS: usize = 20;
/// What a result's key may be made of.
const PLACES: [&str; 4] = ["{key}", "{dir}", "{stem}", "{ext}"];

/// What is made of uploads.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UploadRule {
    /// Only of keys that begin so.
    #[serde(default)]
    pub prefix: String,
    /// Only of objects whose `Content-Type` begins like one of these; without any, of everything that says it is a
    /// picture, by its type or its key's ending.
    #[serde(default)]
    pub content_types: Vec<String>,
    /// What.
    pub results: Vec<RuleResult>,
}

/// One thing that is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleResult {
    /// How: `iopcmd=…`, `image/…` or `style/NAME`.
    pub process: String,
    /// Its key: `{dir}` the source's folder with its slash, `{stem}` its name without ending, `{ext}` the result's
    /// own ending, `{key}` the source's whole key.
    pub key: String,
}

/// What a process text means: a pipeline's text, after the style that it may name is looked up.
pub(crate) fn process<'a>(text: &'a str, styles: &'a BTreeMap<String, Style>) -> Option<&'a str> {
    match text.strip_prefix("style/") {
        Some(name) => styles.get(name).map(|style| style.process.as_str()),
        None => Some(text),
    }
}

pub(crate) fn check(rule: &UploadRule, styles: &BTreeMap<String, Style>) -> Result<(), ObjectsError> {
    if rule.prefix.len() > 1024 || rule.content_types.len() > 20 || rule.content_types.iter().any(|t| t.len() > 128) {
        return Err(invalid("/prefix", "it is too long, or there are more than 20 content types", "write less"));
    }
    if rule.results.is_empty() || rule.results.len() > MOST_RESULTS {
        let reason = format!("{} results", rule.results.len());
        return Err(invalid("/results", reason, format!("name 1 to {MOST_RESULTS}")));
    }
    for result in &rule.results {
        match result.process.strip_prefix("style/") {
            Some(name) if !is_name(name) || !styles.contains_key(name) => {
                return Err(invalid(
                    "/results",
                    "it names a style that the bucket does not have",
                    "save the style first",
                ));
            }
            Some(_) => {}
            None => check_process(&result.process)?,
        }
        let mut bare = result.key.clone();
        PLACES.iter().for_each(|place| bare = bare.replace(place, ""));
        let named = result.key.contains("{stem}") || result.key.contains("{key}");
        if bare.contains(['{', '}']) || !named || result.key.len() > 512 || result.key == "{key}" {
            let reason = format!("`{}` is no key of a result", result.key.chars().take(64).collect::<String>());
            let fix =
                "write a key with {stem} or {key} in it, and if you like {dir} and {ext}: {dir}small/{stem}.{ext}";
            return Err(invalid("/results", reason, fix));
        }
    }
    Ok(())
}

impl UploadRule {
    /// Whether something is made of this object. Nothing is made of what was made.
    #[must_use]
    pub fn takes(&self, object: &Object) -> bool {
        if object.meta.derived_from.is_some() || !object.key.starts_with(&self.prefix) {
            return false;
        }
        let said = object.meta.headers.content_type.as_deref().unwrap_or_default();
        if self.content_types.is_empty() {
            let ending = object.key.rsplit_once('.').map_or("", |(_, ending)| ending);
            return said.starts_with("image/") || Format::parse(ending).is_some();
        }
        self.content_types.iter().any(|wanted| said.starts_with(wanted.as_str()))
    }
}

/// Where a result goes.
#[must_use]
pub(crate) fn target(template: &str, source: &str, extension: &str) -> String {
    let (dir, name) = source.rsplit_once('/').map_or(("", source), |(dir, name)| (&source[..=dir.len()], name));
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let mut out = String::with_capacity(template.len() + source.len());
    let mut rest = template;
    // In one pass: what a key brings in is not looked at again.
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let place = PLACES.into_iter().find(|place| rest.starts_with(place));
        match place {
            Some("{key}") => out.push_str(source),
            Some("{dir}") => out.push_str(dir),
            Some("{stem}") => out.push_str(stem),
            Some(_) => out.push_str(extension),
            None => out.push('{'),
        }
        rest = &rest[place.map_or(1, str::len)..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use doorstep_clock::Timestamp;

    use super::*;

    #[test]
    fn results_have_their_place() {
        assert_eq!(target("{dir}small/{stem}.{ext}", "shop/1/a.b.jpg", "webp"), "shop/1/small/a.b.webp");
        assert_eq!(target("thumbs/{key}.{ext}", "a.jpg", "png"), "thumbs/a.jpg.png");
        assert_eq!(target("{dir}{stem}", "{key}/{ext}.jpg", "png"), "{key}/{ext}");
        assert_eq!(target("{stem}", "/", "png"), "");
    }

    #[test]
    fn of_what_something_is_made() {
        let object = |key: &str, kind: Option<&str>| {
            let mut object = Object::default();
            object.key = key.to_owned();
            object.meta.headers.content_type = kind.map(str::to_owned);
            object
        };
        let rule = UploadRule { prefix: "shop/".to_owned(), ..UploadRule::default() };
        assert!(rule.takes(&object("shop/a.JPG", None)));
        assert!(rule.takes(&object("shop/a", Some("image/png"))));
        assert!(!rule.takes(&object("shop/a.txt", Some("text/plain"))));
        assert!(!rule.takes(&object("other/a.jpg", None)));
        let mut made = object("shop/a.jpg", None);
        made.meta.derived_from = Some("x".to_owned());
        assert!(!rule.takes(&made));
        let only = UploadRule { content_types: vec!["image/jpeg".to_owned()], ..UploadRule::default() };
        assert!(only.takes(&object("a", Some("image/jpeg"))) && !only.takes(&object("a.jpg", Some("image/png"))));
    }

    #[test]
    fn rules_that_cannot_stand() {
        let styles =
            BTreeMap::from([("s".to_owned(), Style { process: "image/info".to_owned(), saved_at: Timestamp(0) })]);
        let one = |process: &str, key: &str| {
            let result = RuleResult { process: process.to_owned(), key: key.to_owned() };
            check(&UploadRule { results: vec![result], ..UploadRule::default() }, &styles)
        };
        one("image/resize,w_9", "{dir}{stem}-9.{ext}").unwrap();
        one("style/s", "{key}.json").unwrap();
        for (process, key) in [
            ("style/none", "{key}.x"),
            ("image/resize", "{key}.x"),
            ("image/info", "{key}"),
            ("image/info", "fixed.jpg"),
            ("image/info", "{stem}{what}"),
            ("image/info", "{stem}}"),
        ] {
            assert!(one(process, key).is_err(), "{process} {key}");
        }
        assert!(check(&UploadRule::default(), &styles).is_err());
    }
}
