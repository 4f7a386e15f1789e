//! Reads a price book's document as a whole: one mistake does not hide the next.

use std::collections::BTreeMap;

use doorstep_clock::Timestamp;
use doorstep_money::{Currency, FineMoney};
use serde_json::{Map, Value};

use super::{Price, PriceBook, Speed};
use crate::resource::UnknownResource;
use crate::usage::STANDARD;
use crate::{MeterError, Mistakes, Resource};

/// The largest document that is looked at, bytes.
const MOST_BYTES: usize = 256 << 10;
/// No unit costs more than this many nanos, which keeps sums far from overflow.
const MOST_NANOS: i64 = 1_000_000 * 1_000_000_000;
/// Speeds and tiers of a book at most.
const MOST: usize = 100;

pub(super) fn text(text: &str) -> Result<PriceBook, MeterError> {
    let unreadable = |reason: String| {
        let mut mistakes = Mistakes::default();
        mistakes.note("", reason, "write TOML or JSON; GET /v1/price-book shows a whole one");
        MeterError::Invalid { what: "price book", mistakes }
    };
    if text.len() > MOST_BYTES {
        return Err(unreadable(format!("it has more than {MOST_BYTES} bytes")));
    }
    let tree = if text.trim_start().starts_with('{') {
        serde_json::from_str(text).map_err(|error| unreadable(error.to_string()))?
    } else {
        toml::from_str(text).map_err(|error| unreadable(error.to_string()))?
    };
    document(&tree)
}

pub(super) fn document(tree: &Value) -> Result<PriceBook, MeterError> {
    let mut reader = Reader::default();
    let book = reader.book(tree);
    match book {
        Some(book) if reader.mistakes.0.is_empty() => Ok(book),
        _ => Err(MeterError::Invalid { what: "price book", mistakes: reader.mistakes }),
    }
}

/// What is read so far, and what was wrong with it.
#[derive(Default)]
struct Reader {
    mistakes: Mistakes,
}

impl Reader {
    fn book(&mut self, tree: &Value) -> Option<PriceBook> {
        let top = self.table(tree, "", &["name", "currency", "from", "speeds", "prices"])?;
        let name = self.name(top, "");
        let currency = self.text(top, "", "currency", true).and_then(|text| {
            let fix = "write its ISO 4217 code in capitals, like USD or CNY";
            text.parse::<Currency>().map_err(|e| self.mistakes.note("/currency", e.to_string(), fix)).ok()
        });
        let starts_at = match self.text(top, "", "from", false) {
            None => Some(Timestamp(0)),
            Some(text) => {
                let fix = "write a moment like 2026-12-01T00:00:00Z, or leave it out for now";
                Timestamp::parse(text).map_err(|e| self.mistakes.note("/from", e.to_string(), fix)).ok()
            }
        };
        let speeds = self.speeds(top.get("speeds"));
        let prices = self.prices(top.get("prices"));
        Some(PriceBook { name: name?, currency: currency?, starts_at: starts_at?, speeds: speeds?, prices: prices? })
    }

    fn speeds(&mut self, list: Option<&Value>) -> Option<Vec<Speed>> {
        let wanted = "write a list of speeds, each with name, cores, priority and factor";
        let Some(list) = list.and_then(Value::as_array) else {
            self.mistakes.note("/speeds", "is missing or no list", wanted);
            return None;
        };
        if list.len() > MOST {
            self.mistakes.note("/speeds", format!("has {} entries", list.len()), format!("write at most {MOST}"));
            return None;
        }
        let mut speeds: Vec<Speed> = Vec::new();
        for (ix, entry) in list.iter().enumerate() {
            let at = format!("/speeds/{ix}");
            let Some(entry) = self.table(entry, &at, &["name", "cores", "priority", "factor"]) else { continue };
            let name = self.name(entry, &at);
            let cores = self.whole(entry, &at, "cores", 1, 4096);
            let priority = self.whole(entry, &at, "priority", 0, 9);
            let permille = self.decimal(entry, &at, "factor", true).and_then(|nanos| {
                let fits = nanos % 1_000_000 == 0 && (1_000_000..=100_000_000_000).contains(&nanos);
                if !fits {
                    let fix = "write 0.001 to 100, with at most three digits behind the point, like 1.6";
                    self.mistakes.note(format!("{at}/factor"), "is out of range or too fine", fix);
                }
                u32::try_from(nanos / 1_000_000).ok().filter(|_| fits)
            });
            if let (Some(name), Some(cores), Some(priority), Some(permille)) = (name, cores, priority, permille) {
                if speeds.iter().any(|speed| speed.name == name) {
                    self.mistakes.note(format!("{at}/name"), format!("`{name}` stands twice"), "name each speed once");
                }
                let priority = u8::try_from(priority).unwrap_or(9);
                speeds.push(Speed { name, cores, priority, permille });
            }
        }
        let names_standard = list.iter().any(|entry| entry.get("name").and_then(Value::as_str) == Some(STANDARD));
        if !names_standard {
            let fix = "add it: work that names no speed has that one";
            self.mistakes.note("/speeds", format!("there is no speed `{STANDARD}`"), fix);
        }
        Some(speeds)
    }

    fn prices(&mut self, table: Option<&Value>) -> Option<BTreeMap<Resource, Price>> {
        let Some(table) = table.and_then(Value::as_object) else {
            let fix = "write a table of prices; what is not in it is free";
            self.mistakes.note("/prices", "is missing or no table", fix);
            return None;
        };
        let mut prices = BTreeMap::new();
        for (word, entry) in table {
            let at = format!("/prices/{}", word.replace('~', "~0").replace('/', "~1"));
            match word.parse::<Resource>() {
                Err(unknown) => {
                    let fix = format!("choose among {}", UnknownResource::known());
                    self.mistakes.note(at, unknown.to_string(), fix);
                }
                Ok(resource) => {
                    prices.extend(self.price(entry, &at, resource).map(|price| (resource, price)));
                }
            }
        }
        Some(prices)
    }

    fn price(&mut self, entry: &Value, at: &str, resource: Resource) -> Option<Price> {
        let entry = self.table(entry, at, &["price", "free", "tiers"])?;
        let nanos = self.decimal(entry, at, "price", true);
        let mut steps = Vec::new();
        if let Some(free) = self.quantity(entry, at, "free", resource, false).filter(|free| *free > 0) {
            steps.push((0, 0));
            steps.push((free, nanos.unwrap_or(0)));
        } else {
            steps.push((0, nanos.unwrap_or(0)));
        }
        match entry.get("tiers").map(|tiers| tiers.as_array().filter(|tiers| tiers.len() <= MOST)) {
            None => {}
            Some(None) => {
                let fix = format!("write a list of at most {MOST} tiers, each with above and price");
                self.mistakes.note(format!("{at}/tiers"), "is no list of tiers", fix);
            }
            Some(Some(tiers)) => {
                for (ix, tier) in tiers.iter().enumerate() {
                    let at = format!("{at}/tiers/{ix}");
                    let Some(tier) = self.table(tier, &at, &["above", "price"]) else { continue };
                    let above = self.quantity(tier, &at, "above", resource, true);
                    let price = self.decimal(tier, &at, "price", true);
                    let (Some(above), Some(price)) = (above, price) else { continue };
                    if steps.last().is_some_and(|last| above <= last.0) {
                        let fix = "let tiers rise, the first above what is free";
                        self.mistakes.note(format!("{at}/above"), "is not above the step before", fix);
                    }
                    steps.push((above, price));
                }
            }
        }
        nanos.map(|_| Price { steps })
    }

    /// A table of known fields.
    fn table<'a>(&mut self, value: &'a Value, at: &str, known: &[&str]) -> Option<&'a Map<String, Value>> {
        let Some(table) = value.as_object() else {
            self.mistakes.note(at, "is no table", format!("write a table with {}", known.join(", ")));
            return None;
        };
        for name in table.keys().filter(|name| !known.contains(&name.as_str())) {
            let field = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
            self.mistakes.note(
                field,
                format!("there is no field `{name}`"),
                format!("choose among {}", known.join(", ")),
            );
        }
        Some(table)
    }

    fn text<'a>(&mut self, table: &'a Map<String, Value>, at: &str, name: &str, needed: bool) -> Option<&'a str> {
        match table.get(name) {
            None | Some(Value::Null) if needed => {
                self.mistakes.note(format!("{at}/{name}"), "is missing", "add it");
                None
            }
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text),
            Some(_) => {
                self.mistakes.note(format!("{at}/{name}"), "is no text", "put it in quotes");
                None
            }
        }
    }

    fn name(&mut self, table: &Map<String, Value>, at: &str) -> Option<String> {
        let name = self.text(table, at, "name", true)?;
        let good = !name.trim().is_empty() && name.len() <= 60 && !name.chars().any(char::is_control);
        if !good {
            self.mistakes.note(format!("{at}/name"), "is empty or too long", "write 1 to 60 bytes");
        }
        good.then(|| name.to_owned())
    }

    fn whole(&mut self, table: &Map<String, Value>, at: &str, name: &str, least: u32, most: u32) -> Option<u32> {
        let found = table.get(name).and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
        let found = found.filter(|n| (least..=most).contains(n));
        if found.is_none() {
            let problem = if table.contains_key(name) { "is out of range or no whole number" } else { "is missing" };
            self.mistakes.note(format!("{at}/{name}"), problem, format!("write a whole number from {least} to {most}"));
        }
        found
    }

    /// An exact decimal, in billionths.
    fn decimal(&mut self, table: &Map<String, Value>, at: &str, name: &str, needed: bool) -> Option<i64> {
        if table.get(name).is_some_and(Value::is_number) {
            let fix = format!("put it in quotes, {name} = \"0.05\", so that it stays exact");
            self.mistakes.note(format!("{at}/{name}"), "is a number", fix);
            return None;
        }
        let text = self.text(table, at, name, needed)?;
        let fix = "write a decimal from 0 to 1000000 with at most nine digits behind the point, like \"0.0004\"";
        match FineMoney::parse(text, Currency::USD) {
            Ok(amount) if amount.nanos <= MOST_NANOS => Some(amount.nanos),
            Ok(_) => {
                self.mistakes.note(format!("{at}/{name}"), format!("`{text}` is too large"), fix);
                None
            }
            Err(error) => {
                self.mistakes.note(format!("{at}/{name}"), error.to_string(), fix);
                None
            }
        }
    }

    /// A quantity in units, as base units; what is no whole number of those is refused.
    fn quantity(
        &mut self,
        table: &Map<String, Value>,
        at: &str,
        name: &str,
        of: Resource,
        needed: bool,
    ) -> Option<i64> {
        if table.get(name).is_some_and(Value::is_number) {
            self.mistakes.note(format!("{at}/{name}"), "is a number", "put it in quotes");
            return None;
        }
        let text = self.text(table, at, name, needed)?;
        let units = FineMoney::parse(text, Currency::USD).ok().map(|units| i128::from(units.nanos));
        let base = units.map(|units| units * i128::from(of.factor()));
        // Nine digits cannot say every quantity; the nearest whole number of base units below is meant.
        let found = base.and_then(|base| i64::try_from(base / 1_000_000_000).ok());
        if found.is_none() {
            let fix = format!("write a decimal number of {}s", of.unit());
            self.mistakes.note(format!("{at}/{name}"), format!("`{text}` is no quantity"), fix);
        }
        found
    }
}
