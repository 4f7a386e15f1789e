//! The query of a request: names and values, decoded. A `+` is a space, as all SDKs write it.

use percent_encoding::percent_decode_str;

use crate::UfileError;

/// Longest query, bytes.
const MOST_BYTES: usize = 16 << 10;
/// Most pairs.
const MOST_PAIRS: usize = 64;

/// A query's pairs in the order they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query.
    ///
    /// # Errors
    /// One that is too long, has too many pairs or is no UTF-8.
    pub fn parse(raw: &str) -> Result<Self, UfileError> {
        let bad = |reason: &str| UfileError::field("query", reason, "write name=value pairs in UTF-8, percent-encoded");
        if raw.len() > MOST_BYTES {
            return Err(bad("it is longer than 16 KiB"));
        }
        let word = |text: &str| {
            let text = text.replace('+', " ");
            percent_decode_str(&text).decode_utf8().map(std::borrow::Cow::into_owned).map_err(|_| bad("it is no UTF-8"))
        };
        let mut pairs = Vec::new();
        for pair in raw.split('&').filter(|pair| !pair.is_empty()) {
            if pairs.len() == MOST_PAIRS {
                return Err(bad("it has more than 64 pairs"));
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            pairs.push((word(name)?, word(value)?));
        }
        Ok(Self(pairs))
    }

    /// The first value of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// Whether a name is there, with a value or without.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The first value of a name, if it is not empty.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// A number.
    pub(crate) fn number(&self, name: &'static str) -> Result<Option<u64>, UfileError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        let number = text.parse().ok().filter(|_| digits);
        let bad = || UfileError::field(name, format!("`{}` is no number", brief(text)), "write a whole number");
        number.map(Some).ok_or_else(bad)
    }

    /// The names that are there.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }
}

/// The beginning of a text, for a message.
pub(crate) fn brief(text: &str) -> String {
    text.chars().take(64).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn pairs() {
        let query = Query::parse("list&prefix=a%2Fb+c&limit=20&empty=&prefix=later").unwrap();
        assert_eq!((query.get("list"), query.get("prefix")), (Some(""), Some("a/b c")));
        assert_eq!(query.number("limit").unwrap(), Some(20));
        assert_eq!((query.text("empty"), query.has("empty"), query.has("none")), (None, true, false));
        for bad in ["limit=-1", "limit=+1", "limit=1x", "limit=99999999999999999999"] {
            assert!(Query::parse(bad).unwrap().number("limit").is_err(), "{bad}");
        }
        assert!(Query::parse("a=%ff").is_err());
        assert!(Query::parse(&"a&".repeat(65)).is_err());
        assert!(Query::parse(&"x".repeat(MOST_BYTES + 1)).is_err());
    }

    proptest::proptest! {
        #[test]
        fn nothing_from_outside_makes_a_parser_panic(text in ".*", bytes in proptest::collection::vec(0_u8.., 0..400)) {
            let _ = Query::parse(&text);
            let _ = crate::signature::Authorization::parse(&text);
            let _ = crate::policy::PutPolicy::parse(&text);
            let _ = doorstep_objects::form::boundary(&text);
            let form = [b"--b\r\nContent-Disposition: form-data; name=".as_slice(), &bytes].concat();
            let _ = doorstep_objects::form::FormHead::parse(&form, "b", crate::form::is_file);
        }
    }
}
