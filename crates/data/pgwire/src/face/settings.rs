//! Settings of a session, as PostgreSQL's clients set and ask for them.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::PgError;

/// The version that is told: clients choose by it what they may ask for.
pub(crate) const VERSION: &str = "16.6";

/// A setting: its name as it is told, its default, and whether clients are told of changes without asking.
struct Known {
    name: &'static str,
    default: &'static str,
    told: bool,
    can: Can,
}

/// Which values a setting can have.
enum Can {
    /// Any: kept and shown, and nothing follows.
    BeKept,
    /// These, in whatever case.
    Be(&'static [&'static str]),
    /// A span of time, milliseconds without a unit.
    Last,
    /// A time zone.
    BeZone,
    /// The server's.
    Not,
}

const fn told(name: &'static str, default: &'static str, can: Can) -> Known {
    Known { name, default, told: true, can }
}

const fn kept(name: &'static str, default: &'static str, can: Can) -> Known {
    Known { name, default, told: false, can }
}

const KNOWN: &[Known] = &[
    told("application_name", "", Can::BeKept),
    told("client_encoding", "UTF8", Can::Be(&["utf8", "utf-8", "unicode", "sql_ascii"])),
    told("DateStyle", "ISO, YMD", Can::Be(&["iso", "iso, ymd", "iso, mdy", "iso, dmy"])),
    told("default_transaction_read_only", "off", Can::BeKept),
    told("in_hot_standby", "off", Can::Not),
    told("integer_datetimes", "on", Can::Not),
    told("IntervalStyle", "postgres", Can::Be(&["postgres"])),
    told("is_superuser", "off", Can::Not),
    told("server_encoding", "UTF8", Can::Not),
    told("server_version", VERSION, Can::Not),
    told("session_authorization", "", Can::Not),
    told("standard_conforming_strings", "on", Can::Be(&["on", "true", "yes", "1"])),
    told("TimeZone", "UTC", Can::BeZone),
    kept("backslash_quote", "safe_encoding", Can::BeKept),
    kept("bytea_output", "hex", Can::Be(&["hex"])),
    kept("client_min_messages", "notice", Can::BeKept),
    kept("default_transaction_isolation", "serializable", Can::BeKept),
    kept("enable_seqscan", "on", Can::BeKept),
    kept("extra_float_digits", "1", Can::BeKept),
    kept("geqo", "on", Can::BeKept),
    kept("idle_in_transaction_session_timeout", "0", Can::Last),
    kept("jit", "off", Can::BeKept),
    kept("lc_collate", "C", Can::Not),
    kept("lc_ctype", "C", Can::Not),
    kept("lc_messages", "C", Can::BeKept),
    kept("lc_monetary", "C", Can::BeKept),
    kept("lc_numeric", "C", Can::BeKept),
    kept("lc_time", "C", Can::BeKept),
    kept("lock_timeout", "0", Can::Last),
    kept("max_identifier_length", "63", Can::Not),
    kept("max_index_keys", "32", Can::Not),
    kept("quote_all_identifiers", "off", Can::BeKept),
    kept("role", "none", Can::BeKept),
    kept("row_security", "on", Can::BeKept),
    kept("search_path", "", Can::BeKept),
    kept("server_version_num", "160006", Can::Not),
    kept("statement_timeout", "0", Can::Last),
    kept("synchronous_commit", "on", Can::BeKept),
    kept("synchronize_seqscans", "on", Can::BeKept),
    kept("transaction_isolation", "serializable", Can::BeKept),
    kept("transaction_read_only", "off", Can::BeKept),
    kept("work_mem", "4MB", Can::BeKept),
    kept("xmloption", "content", Can::BeKept),
];

/// Names with a point in them are anybody's; so many at most.
const OWN: usize = 100;
/// Bytes of a value at most.
const LONGEST: usize = 10_000;

/// See the module's head.
pub(super) struct Settings {
    changed: BTreeMap<String, String>,
    user: String,
    zone: TimeZone,
    time: Option<Duration>,
}

fn known(name: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.name.eq_ignore_ascii_case(name))
}

impl Settings {
    pub(super) fn new(user: &str) -> Self {
        Self { changed: BTreeMap::new(), user: user.to_owned(), zone: TimeZone::UTC, time: None }
    }

    /// The zone in which moments are shown.
    pub(super) fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// How long a statement may run.
    pub(super) fn statement_time(&self) -> Option<Duration> {
        self.time
    }

    /// Changes a setting. What clients are to be told then.
    pub(super) fn set(&mut self, name: &str, value: &str) -> Result<Option<(String, String)>, PgError> {
        let key = name.to_ascii_lowercase();
        if value.len() + key.len() > LONGEST {
            return Err(PgError::invalid(
                "22023",
                format!("{name} is too long"),
                format!("write at most {LONGEST} bytes"),
            ));
        }
        let Some(known) = known(&key) else {
            if key.contains('.') && (self.changed.len() < OWN || self.changed.contains_key(&key)) {
                self.changed.insert(key, value.to_owned());
                return Ok(None);
            }
            let fix = "settings of the lake are speed and those that begin with datafusion.";
            return Err(PgError::invalid("42704", format!("there is no setting {name:?}"), fix));
        };
        let refused = |fix: String| PgError::invalid("22023", format!("{} cannot be {value:?}", known.name), fix);
        match &known.can {
            Can::BeKept => {}
            Can::Be(words) => {
                if !words.iter().any(|word| word.eq_ignore_ascii_case(value)) {
                    return Err(refused(format!("values are {}", words.join(" | "))));
                }
            }
            Can::Last => {
                let span = span(value).ok_or_else(|| refused("write milliseconds, or 5s, 1min".to_owned()))?;
                if known.name == "statement_timeout" {
                    self.time = (!span.is_zero()).then_some(span);
                }
            }
            Can::BeZone => {
                let zone =
                    TimeZone::get(value).map_err(|_| refused("write a name such as Europe/Berlin".to_owned()))?;
                self.zone = zone;
            }
            Can::Not => {
                let reason = format!("{} cannot be changed", known.name);
                return Err(PgError::invalid("55P02", reason, "it is the server's"));
            }
        }
        let shown = if known.name == "client_encoding" { "UTF8" } else { value };
        self.changed.insert(key, shown.to_owned());
        Ok(known.told.then(|| (known.name.to_owned(), shown.to_owned())))
    }

    /// Gives a setting its default back. What clients are to be told then.
    pub(super) fn reset(&mut self, name: &str) -> Result<Option<(String, String)>, PgError> {
        let key = name.to_ascii_lowercase();
        self.changed.remove(&key);
        match known(&key) {
            None if key.contains('.') => Ok(None),
            None => Err(PgError::invalid("42704", format!("there is no setting {name:?}"), "see SHOW ALL")),
            Some(known) => {
                match known.name {
                    "TimeZone" => self.zone = TimeZone::UTC,
                    "statement_timeout" => self.time = None,
                    _ => {}
                }
                Ok(known.told.then(|| (known.name.to_owned(), known.default.to_owned())))
            }
        }
    }

    /// Gives all settings their defaults back. What clients are to be told then.
    pub(super) fn reset_all(&mut self) -> Vec<(String, String)> {
        let names: Vec<String> = self.changed.keys().cloned().collect();
        names.iter().filter_map(|name| self.reset(name).ok().flatten()).collect()
    }

    /// A setting's name as it is told and its value.
    pub(super) fn get(&self, name: &str) -> Option<(String, String)> {
        let key = name.to_ascii_lowercase();
        let changed = self.changed.get(&key).cloned();
        match known(&key) {
            None => changed.map(|value| (key, value)),
            Some(known) if known.name == "session_authorization" => Some((known.name.to_owned(), self.user.clone())),
            Some(known) => Some((known.name.to_owned(), changed.unwrap_or_else(|| known.default.to_owned()))),
        }
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<(String, String)> {
        let own = self.changed.keys().filter(|key| known(key).is_none()).map(String::as_str);
        KNOWN.iter().map(|known| known.name).chain(own).filter_map(|name| self.get(name)).collect()
    }

    /// Those that a client is told at the start.
    pub(super) fn told(&self) -> Vec<(String, String)> {
        KNOWN.iter().filter(|known| known.told).filter_map(|known| self.get(known.name)).collect()
    }
}

/// A span of time as PostgreSQL writes it.
fn span(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().ok()?;
    let unit = match text[digits..].trim() {
        "" | "ms" => 1,
        "s" => 1_000,
        "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(unit).map(Duration::from_millis)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn clients_set_what_they_send_at_connect() {
        let mut settings = Settings::new("key");
        let told = |name: &str, value: &str| Some((name.to_owned(), value.to_owned()));
        assert_eq!(settings.set("client_encoding", "utf-8").unwrap(), told("client_encoding", "UTF8"));
        assert_eq!(settings.set("DATESTYLE", "ISO").unwrap(), told("DateStyle", "ISO"));
        assert_eq!(settings.set("extra_float_digits", "3").unwrap(), None);
        settings.set("statement_timeout", "2s").unwrap();
        assert_eq!(settings.statement_time(), Some(Duration::from_secs(2)));
        settings.set("timezone", "Asia/Tokyo").unwrap();
        assert_eq!(settings.get("TimeZone").unwrap().1, "Asia/Tokyo");
        settings.set("my.own", "1").unwrap();
        for (name, value, state) in [
            ("client_encoding", "latin1", "22023"),
            ("timezone", "Nowhere/Land", "22023"),
            ("statement_timeout", "soon", "22023"),
            ("server_version", "17", "55P02"),
            ("no_such", "1", "42704"),
        ] {
            assert_eq!(settings.set(name, value).unwrap_err().sql_state(), state, "{name}");
        }
        assert!(settings.reset_all().contains(&("TimeZone".to_owned(), "UTC".to_owned())));
        assert_eq!((settings.statement_time(), settings.get("my.own")), (None, None));
    }
}
