//! A policy as a file: how riders and cars are brought together, what rides cost, whether prices move.
//!
//! A file is judged as a whole: every mistake is told at once, each with its field and what to write instead.

use doorstep_dispatch::matching::SoloPolicy;
use doorstep_dispatch::sharing::SharedPolicy;
use doorstep_pricing::{Mistakes, PriceBook, PricingError, SurgeConfig, Tariff};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value as Json;
use toml::{Table, Value};

use crate::replay;

type Object = serde_json::Map<String, Json>;

/// Fares of a policy that names none: New York's taxi meter of 2013 without night and rush-hour surcharges.
const USUAL_FARE: &str = "name = \"New York taxi, 2013\"\nversion = 1\ncurrency = \"USD\"\ntime_zone = \"America/New_York\"\n\
base = 250\nper_km = 155\nper_minute = 20\nminimum = 300\ncommission_permille = 200\n\
[sharing]\noffer_permille = 150\nmatched_permille = 100\nmax_permille = 400\n";

const KEYS: [&str; 9] =
    ["name", "seats", "batch_s", "max_wait_s", "max_delay_s", "boarding_s", "dispatch", "fare", "surge"];
const KINDS: &str = "solo, plain, greedy or pooled";

/// A policy that can be tried.
#[derive(Debug, Clone)]
pub struct TrialPolicy {
    /// What it is called in tables and charts.
    pub name: String,
    /// Seats of each car.
    pub seats: u8,
    /// Time between two decisions.
    pub batch_ms: i64,
    /// A request is lost after this wait.
    pub max_wait_ms: i64,
    /// Latest arrival after a direct trip from the request; binds shared rides.
    pub max_delay_ms: i64,
    /// Time a rider needs to board.
    pub boarding_ms: i64,
    /// The fares.
    pub book: PriceBook,
    /// How multipliers are made, where prices move.
    pub surge: Option<SurgeConfig>,
    dispatch: Dispatch,
}

#[derive(Debug, Clone)]
enum Dispatch {
    Solo(SoloPolicy),
    Pooled(Box<SharedPolicy>),
}

/// A file that is no policy, with every mistake in it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PolicyError {
    /// The text is no TOML.
    #[error("the policy is no TOML: {0}")]
    Unreadable(String),
    /// The policy has mistakes; all of them are here.
    #[error("the policy has {count} mistake(s):\n{mistakes}", count = mistakes.0.len())]
    Invalid {
        /// All of them.
        mistakes: Mistakes,
    },
}

impl TrialPolicy {
    /// Reads a policy; `name` is what it is called when the file does not say.
    ///
    /// # Errors
    /// [`PolicyError`] with every mistake.
    pub fn from_toml(text: &str, name: &str) -> Result<Self, PolicyError> {
        let table: Table = toml::from_str(text).map_err(|error| PolicyError::Unreadable(error.to_string()))?;
        Self::from_table(table, name, Mistakes::default())
    }

    /// The same, written as JSON.
    ///
    /// # Errors
    /// [`PolicyError::Invalid`] with every mistake.
    pub fn from_json(policy: &Object, name: &str) -> Result<Self, PolicyError> {
        let mut wrong = Mistakes::default();
        let table = match toml_of(&Json::Object(policy.clone()), "", &mut wrong) {
            Some(Value::Table(table)) => table,
            _ => Table::new(),
        };
        Self::from_table(table, name, wrong)
    }

    fn from_table(mut table: Table, name: &str, mut wrong: Mistakes) -> Result<Self, PolicyError> {
        for key in table.keys().filter(|key| !KEYS.contains(&key.as_str())) {
            wrong.note(format!("/{key}"), "is not known", format!("use {}", KEYS.join(", ")));
        }
        let name = match table.remove("name") {
            None => name.to_owned(),
            Some(Value::String(name)) if !name.trim().is_empty() => name,
            Some(_) => {
                wrong.note("/name", "is no name", "write a text");
                String::new()
            }
        };
        let pooled = table.get("dispatch").and_then(|d| d.get("kind")).and_then(Value::as_str) == Some("pooled");
        let mut number = |key: &str, usual: f64, least: f64, most: f64| {
            let given = match table.remove(key) {
                None => return usual,
                Some(Value::Integer(n)) => n as f64,
                Some(Value::Float(n)) => n,
                Some(_) => f64::NAN,
            };
            if !(least..=most).contains(&given) {
                wrong.note(format!("/{key}"), "is no number in its range", format!("write {least} to {most}"));
            }
            given
        };
        let seats = number("seats", if pooled { 4.0 } else { 1.0 }, 1.0, 60.0);
        let batch_s = number("batch_s", if pooled { 10.0 } else { 30.0 }, 0.1, 600.0);
        let max_wait_s = number("max_wait_s", 300.0, 0.0, 86_400.0);
        let max_delay_s = number("max_delay_s", 600.0, 0.0, 86_400.0);
        let boarding_s = number("boarding_s", 0.0, 0.0, 3_600.0);
        if seats.is_finite() && seats.fract() != 0.0 {
            wrong.note("/seats", format!("is {seats}"), "write a whole number");
        }
        let dispatch = dispatch(section(&mut table, "dispatch", &mut wrong), &mut wrong);
        let book = fare(section(&mut table, "fare", &mut wrong), &mut wrong);
        let surge = surge(section(&mut table, "surge", &mut wrong), &mut wrong);
        if pooled && surge.as_ref().is_some_and(|surge| surge.window.is_some()) {
            wrong.note(
                "/surge/window",
                "cars with several riders are planned anew all the time",
                "leave it out, or choose one rider at a time",
            );
        }
        let (Some(dispatch), Some(book), true) = (dispatch, book, wrong.0.is_empty()) else {
            return Err(PolicyError::Invalid { mistakes: wrong });
        };
        let millis = |seconds: f64| (seconds * 1_000.0).round() as i64;
        Ok(Self {
            name,
            seats: seats as u8,
            batch_ms: millis(batch_s),
            max_wait_ms: millis(max_wait_s),
            max_delay_ms: millis(max_delay_s),
            boarding_ms: millis(boarding_s),
            book,
            surge,
            dispatch,
        })
    }

    /// Whether rides are shared.
    #[must_use]
    pub fn shares(&self) -> bool {
        matches!(self.dispatch, Dispatch::Pooled(_)) && self.seats > 1
    }

    /// Its settings, for people: what and how much.
    #[must_use]
    pub fn in_words(&self) -> Vec<[String; 2]> {
        let s = |ms: i64| format!("{} s", ms as f64 / 1e3);
        let tariff = self.book.tariff();
        let digits = self.book.currency().minor_digits() as usize;
        let money = |minor: i64| format!("{:.digits$}", minor as f64 / 10_f64.powi(digits as i32));
        let matching = match &self.dispatch {
            Dispatch::Pooled(_) if self.seats > 1 => format!("shared rides, {} seats", self.seats),
            Dispatch::Pooled(_) => "shared rides' engine, one seat".to_owned(),
            Dispatch::Solo(policy) if *policy == SoloPolicy::greedy() => "first come, nearest car".to_owned(),
            Dispatch::Solo(policy) if *policy == SoloPolicy::plain() => "one rider at a time, fixed".to_owned(),
            Dispatch::Solo(_) => "one rider at a time".to_owned(),
        };
        let every = match self.surge.as_ref().and_then(|surge| surge.window) {
            Some(limits) => format!("{} to {} s, chosen with the price", limits.least_s, limits.most_s),
            None => s(self.batch_ms),
        };
        let prices = match &self.surge {
            None => "fixed".to_owned(),
            Some(surge) => format!("surge, at most × {}", surge.max_multiplier),
        };
        let mut all = vec![
            ["Matching".to_owned(), matching],
            ["A decision every".to_owned(), every],
            ["A rider waits at most".to_owned(), s(self.max_wait_ms)],
        ];
        if self.shares() {
            all.push(["And arrives later than directly by at most".to_owned(), s(self.max_delay_ms)]);
        }
        all.extend([
            ["Boarding takes".to_owned(), s(self.boarding_ms)],
            ["Fares".to_owned(), tariff.name.clone()],
            [
                format!("Base, per km, per minute, least ({})", self.book.currency().code()),
                [tariff.base, tariff.per_km, tariff.per_minute, tariff.minimum].map(money).join(", "),
            ],
            ["Commission".to_owned(), format!("{} %", f64::from(tariff.commission_permille) / 10.0)],
            ["Prices".to_owned(), prices],
        ]);
        all
    }

    pub(super) fn policy(&self) -> replay::Policy<'_> {
        match &self.dispatch {
            Dispatch::Solo(policy) => replay::Policy::Solo(policy),
            Dispatch::Pooled(policy) => replay::Policy::Pooled(policy),
        }
    }
}

/// JSON as TOML, which has no `null`.
fn toml_of(json: &Json, at: &str, wrong: &mut Mistakes) -> Option<Value> {
    Some(match json {
        Json::Null => {
            wrong.note(at, "is null", "leave it out, or write false to switch it off");
            return None;
        }
        Json::Bool(yes) => Value::Boolean(*yes),
        Json::Number(n) => match n.as_i64() {
            Some(whole) => Value::Integer(whole),
            None => Value::Float(n.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::String(text.clone()),
        Json::Array(list) => {
            let items = list.iter().enumerate().filter_map(|(ix, item)| toml_of(item, &format!("{at}/{ix}"), wrong));
            Value::Array(items.collect())
        }
        Json::Object(object) => {
            let fields = object.iter().filter_map(|(key, value)| {
                Some((
                    key.clone(),
                    toml_of(value, &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), wrong)?,
                ))
            });
            Value::Table(fields.collect())
        }
    })
}

fn section(table: &mut Table, key: &str, wrong: &mut Mistakes) -> Table {
    match table.remove(key) {
        None => Table::new(),
        Some(Value::Table(section)) => section,
        Some(_) => {
            wrong.note(format!("/{key}"), "is no table", format!("write a section [{key}]"));
            Table::new()
        }
    }
}

fn dispatch(mut given: Table, wrong: &mut Mistakes) -> Option<Dispatch> {
    let kind = given.remove("kind").unwrap_or_else(|| Value::String("solo".to_owned()));
    let mut solo = |usual: SoloPolicy, given| overlay(usual, given, "/dispatch", wrong).map(Dispatch::Solo);
    match kind.as_str() {
        Some("solo") => solo(SoloPolicy::default(), given),
        Some("plain") => solo(SoloPolicy::plain(), given),
        Some("greedy") => solo(SoloPolicy::greedy(), given),
        Some("pooled") => {
            overlay(SharedPolicy::default(), given, "/dispatch", wrong).map(|p| Dispatch::Pooled(Box::new(p)))
        }
        _ => {
            wrong.note("/dispatch/kind", format!("there is no kind {kind}"), format!("choose {KINDS}"));
            None
        }
    }
}

fn fare(given: Table, wrong: &mut Mistakes) -> Option<PriceBook> {
    let text = if given.is_empty() {
        USUAL_FARE.to_owned()
    } else {
        toml::to_string(&given).expect("a table that was read can be written")
    };
    match Tariff::from_toml(&text) {
        Ok(book) => return Some(book),
        Err(PricingError::Invalid { mistakes, .. }) => {
            for mistake in mistakes.0 {
                wrong.note(format!("/fare{}", mistake.field), mistake.problem, mistake.fix);
            }
        }
        Err(other) => wrong.note("/fare", other.to_string(), "write a tariff"),
    }
    None
}

fn surge(mut given: Table, wrong: &mut Mistakes) -> Option<SurgeConfig> {
    let on = match given.remove("on") {
        None => !given.is_empty(),
        Some(Value::Boolean(on)) => on,
        Some(other) => {
            wrong.note("/surge/on", format!("is {other}"), "write true or false");
            false
        }
    };
    let config = overlay(SurgeConfig::default(), given, "/surge", wrong)?;
    if let Err(PricingError::Invalid { mistakes, .. }) = config.check() {
        for mistake in mistakes.0 {
            wrong.note(format!("/surge{}", mistake.field), mistake.problem, mistake.fix);
        }
    }
    on.then_some(config)
}

/// The usual settings with those that are given in their place; notes each that does not fit.
fn overlay<T: Serialize + DeserializeOwned>(usual: T, given: Table, at: &str, wrong: &mut Mistakes) -> Option<T> {
    let Ok(Json::Object(mut settled)) = serde_json::to_value(&usual) else {
        unreachable!("settings are plain structs");
    };
    let before = wrong.0.len();
    let given = given.into_iter().filter_map(|(key, value)| Some((key, serde_json::to_value(value).ok()?))).collect();
    let refuses =
        |whole: &Object| serde_json::from_value::<T>(Json::Object(whole.clone())).err().map(|e| e.to_string());
    lay(&mut settled, given, at, wrong, &refuses);
    if wrong.0.len() > before {
        return None;
    }
    serde_json::from_value(Json::Object(settled)).ok()
}

/// Lays each given value over the usual ones, alone, and asks `refuses` whether the whole still reads.
fn lay(usual: &mut Object, given: Object, at: &str, wrong: &mut Mistakes, refuses: &dyn Fn(&Object) -> Option<String>) {
    for (key, value) in given {
        let field = format!("{at}/{key}");
        let Some(old) = usual.get(&key).cloned() else {
            let known: Vec<&str> = usual.keys().map(String::as_str).collect();
            wrong.note(field, "is not known", format!("use {}", known.join(", ")));
            continue;
        };
        match (old, value) {
            (Json::Object(mut inner), Json::Object(given)) => {
                let outer = usual.clone();
                lay(&mut inner, given, &field, wrong, &|table| {
                    let mut whole = outer.clone();
                    whole.insert(key.clone(), Json::Object(table.clone()));
                    refuses(&whole)
                });
                usual.insert(key, Json::Object(inner));
            }
            (old, value) => {
                // What may be left out is switched off by a plain `false`.
                let off = value == Json::Bool(false) && !old.is_boolean();
                usual.insert(key.clone(), if off { Json::Null } else { value });
                if let Some(reason) = refuses(usual) {
                    wrong.note(field, reason, format!("write something like {old}"));
                    usual.insert(key, old);
                }
            }
        }
    }
}
