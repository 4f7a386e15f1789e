//! A configuration in words: TOML that can be loaded again, or JSON with the source of each value.

use std::fmt::Write as _;

use serde_json::json;

use super::{Loaded, fields::FIELDS};

impl Loaded {
    /// TOML with what each setting is for and where its value came from. Passwords are replaced.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        let mut table = "";
        for field in FIELDS {
            let (in_table, key) = field.name.split_once('.').unwrap_or(("", field.name));
            if in_table != table {
                table = in_table;
                let _ = write!(text, "\n[{table}]\n");
            }
            let _ = writeln!(text, "# {} ({}, {})", field.help, field.variable(), self.source(field.name));
            match (field.get)(&self.config) {
                Some(value) => drop(writeln!(text, "{key} = {value}")),
                None => drop(writeln!(text, "# {key} =")),
            }
        }
        text
    }

    /// `[{field, value, source, variable, help}]`.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let rows = FIELDS.iter().map(|field| {
            json!({
                "field": field.name,
                "value": (field.get)(&self.config),
                "source": self.source(field.name).to_string(),
                "variable": field.variable(),
                "help": field.help,
            })
        });
        serde_json::Value::Array(rows.collect())
    }
}
