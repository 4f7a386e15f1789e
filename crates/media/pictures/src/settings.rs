//! What a bucket's owner has said of pictures: styles, protection, rules for uploads, keys for imgproxy's paths.

use std::collections::BTreeMap;

use doorstep_clock::Timestamp;
use doorstep_images::grammar;
use doorstep_objects::{ObjectsError, Settings};
use serde::{Deserialize, Serialize};

use crate::rules::{self, UploadRule};

/// Where they are kept among the bucket's settings.
const NAME: &str = "pictures";
/// Most styles, rules, keys and other entries of a bucket, each.
const MOST: usize = 200;
/// Longest text of a pipeline.
const PROCESS_BYTES: usize = 4096;
/// How long a result may be kept by whoever received it, where nobody says otherwise, seconds.
const MAX_AGE_S: u32 = 300;

/// A pipeline under a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Style {
    /// Any of the grammars: `iopcmd=…`, `image/…`.
    pub process: String,
    /// When it was saved.
    pub saved_at: Timestamp,
}

/// A key and salt for imgproxy's signatures, as they are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PathKey {
    /// Names it.
    pub id: String,
    /// Both, sealed.
    pub sealed: String,
    /// When it was added.
    pub added_at: Timestamp,
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PictureSettings {
    /// Endings of keys whose objects nobody without a key reads but by a style; `*` for all.
    pub protect: Vec<String>,
    /// A signed request is good for nothing but what was signed.
    pub sealed: bool,
    /// How long a result may be kept by whoever received it, seconds; 300 without.
    pub max_age_s: Option<u32>,
    /// The key of the picture that imgproxy's `watermark` option lays over.
    pub watermark: Option<String>,
    /// Hosts from which a watermark's picture may be fetched.
    pub watermark_hosts: Vec<String>,
    /// Pipelines under a name.
    pub styles: BTreeMap<String, Style>,
    /// What is made of uploads.
    pub rules: BTreeMap<String, UploadRule>,
    /// Keys for imgproxy's paths.
    pub keys: Vec<PathKey>,
}

/// Whether a text can name a style or a rule.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    (1..=64).contains(&text.len()) && text.bytes().all(good)
}

pub(crate) fn invalid(field: &'static str, reason: impl Into<String>, fix: impl Into<String>) -> ObjectsError {
    ObjectsError::InvalidField { field, reason: reason.into(), fix: fix.into() }
}

/// Refuses a pipeline that could never be carried out.
pub(crate) fn check_process(process: &str) -> Result<(), ObjectsError> {
    if process.len() > PROCESS_BYTES {
        let reason = format!("it has {} bytes", process.len());
        return Err(invalid("/process", reason, format!("write at most {PROCESS_BYTES}")));
    }
    match grammar::parse(process) {
        Ok(_) if !process.starts_with('/') => Ok(()),
        Ok(_) => Err(invalid("/process", "a path names a source of its own", "write iopcmd=… or image/…")),
        Err(error) => Err(invalid("/process", error.to_string(), "see the guide on pictures for the commands")),
    }
}

impl PictureSettings {
    /// Those of a bucket.
    ///
    /// # Errors
    /// [`ObjectsError::InvalidState`] when another version of the program wrote what this one does not understand:
    /// what cannot be read must not open anything.
    pub fn of(settings: &Settings) -> Result<Self, ObjectsError> {
        match settings.extra.get(NAME) {
            None => Ok(Self::default()),
            Some(value) => Self::deserialize(value).map_err(|error| {
                ObjectsError::InvalidState(format!("the bucket's settings of pictures cannot be read: {error}"))
            }),
        }
    }

    /// Puts them among a bucket's settings.
    ///
    /// # Errors
    /// [`ObjectsError::InvalidField`] for what cannot stand.
    pub fn keep(&self, settings: &mut Settings) -> Result<(), ObjectsError> {
        self.check()?;
        if *self == Self::default() {
            settings.extra.remove(NAME);
            return Ok(());
        }
        let value = serde_json::to_value(self)
            .map_err(|error| ObjectsError::InvalidState(format!("the settings cannot be written: {error}")))?;
        settings.extra.insert(NAME.to_owned(), value);
        Ok(())
    }

    fn check(&self) -> Result<(), ObjectsError> {
        let counts = [
            ("/styles", self.styles.len()),
            ("/rules", self.rules.len()),
            ("/keys", self.keys.len()),
            ("/protect", self.protect.len()),
            ("/watermark_hosts", self.watermark_hosts.len()),
        ];
        if let Some((field, count)) = counts.into_iter().find(|(_, count)| *count > MOST) {
            return Err(invalid(field, format!("{count} entries"), format!("a bucket has at most {MOST}")));
        }
        let ending = |text: &String| {
            *text == "*" || ((1..=16).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric()))
        };
        if let Some(bad) = self.protect.iter().find(|text| !ending(text)) {
            let reason = format!("`{}` is no ending", bad.chars().take(32).collect::<String>());
            return Err(invalid("/protect", reason, "write endings without a dot, like jpg, or *"));
        }
        let host = |text: &String| {
            let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b':' | b'[' | b']');
            (1..=253).contains(&text.len()) && text.bytes().all(good)
        };
        if let Some(bad) = self.watermark_hosts.iter().find(|text| !host(text)) {
            let reason = format!("`{}` is no host", bad.chars().take(64).collect::<String>());
            return Err(invalid("/watermark_hosts", reason, "write a host like assets.example.com, without a scheme"));
        }
        let names = self.styles.keys().chain(self.rules.keys());
        if let Some(bad) = names.into_iter().find(|name| !is_name(name)) {
            let reason = format!("`{}` is no name", bad.chars().take(64).collect::<String>());
            return Err(invalid("/name", reason, "use 1 to 64 letters, digits, dots, dashes and underscores"));
        }
        self.styles.values().try_for_each(|style| check_process(&style.process))?;
        self.rules.values().try_for_each(|rule| rules::check(rule, &self.styles))
    }

    /// Whether an object of this key is protected.
    #[must_use]
    pub fn protects(&self, key: &str) -> bool {
        let ending = key.rsplit_once('.').map_or("", |(_, ending)| ending);
        self.protect.iter().any(|one| one == "*" || one.eq_ignore_ascii_case(ending))
    }

    /// `Cache-Control` of a result, for everybody or for the caller alone.
    pub(crate) fn cache_control(&self, public: bool) -> String {
        let who = if public { "public" } else { "private" };
        format!("{who}, max-age={}", self.max_age_s.unwrap_or(MAX_AGE_S))
    }
}

/// The context under which a bucket's path keys are sealed.
pub(crate) fn seal_context(bucket: &str, id: &str) -> String {
    format!("pictures/{bucket}/{id}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn kept(change: impl FnOnce(&mut PictureSettings)) -> Result<PictureSettings, ObjectsError> {
        let (mut settings, mut pictures) = (Settings::default(), PictureSettings::default());
        change(&mut pictures);
        pictures.keep(&mut settings)?;
        PictureSettings::of(&settings)
    }

    fn style(process: &str) -> Style {
        Style { process: process.to_owned(), saved_at: Timestamp(1) }
    }

    #[test]
    fn what_is_kept_comes_back() {
        let made = kept(|p| {
            p.sealed = true;
            p.styles.insert("small".to_owned(), style("image/resize,w_100"));
        });
        assert_eq!(made.unwrap().styles["small"].process, "image/resize,w_100");
        let mut settings = Settings::default();
        PictureSettings::default().keep(&mut settings).unwrap();
        assert!(settings.extra.is_empty());
        settings.extra.insert(NAME.to_owned(), serde_json::json!({"protect": 1}));
        assert!(PictureSettings::of(&settings).is_err());
    }

    #[test]
    fn what_cannot_stand_is_refused() {
        let field = |change: fn(&mut PictureSettings)| match kept(change) {
            Err(ObjectsError::InvalidField { field, .. }) => field,
            other => panic!("{other:?}"),
        };
        assert_eq!(field(|p| p.protect = vec![".jpg".to_owned()]), "/protect");
        assert_eq!(field(|p| p.watermark_hosts = vec!["http://a".to_owned()]), "/watermark_hosts");
        assert_eq!(field(|p| drop(p.styles.insert("a b".to_owned(), style("image/info")))), "/name");
        assert_eq!(field(|p| drop(p.styles.insert("a".to_owned(), style("image/resize,w_x")))), "/process");
        assert_eq!(field(|p| drop(p.styles.insert("a".to_owned(), style("/_/w:1/plain/x")))), "/process");
    }

    #[test]
    fn endings_are_protected() {
        let some = PictureSettings { protect: vec!["jpg".to_owned()], ..PictureSettings::default() };
        assert!(some.protects("a/B.JPG") && !some.protects("a.png") && !some.protects("jpg"));
        let all = PictureSettings { protect: vec!["*".to_owned()], ..PictureSettings::default() };
        assert!(all.protects("a"));
        assert!(!PictureSettings::default().protects("a.jpg"));
    }
}
