//! Rows as a table for people.
#![allow(clippy::print_stdout, reason = "the command line prints results")]

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use serde_json::Value;

/// Characters of a cell; what is longer is cut.
const WIDEST: usize = 120;

/// Shows an answer of the API.
pub(super) fn show(answer: &Value, stats: bool) {
    let columns = answer["columns"].as_array().cloned().unwrap_or_default();
    let rows = answer["rows"].as_array().cloned().unwrap_or_default();
    if !columns.is_empty() {
        println!("{}", drawn(&columns, &rows));
    }
    let more = if answer["truncated"] == true { ", and more: raise --max-rows" } else { "" };
    let n = rows.len();
    println!("{n} row{}{more} ({} ms)", if n == 1 { "" } else { "s" }, answer["statistics"]["wall_ms"]);
    if stats {
        println!("{}", answer["statistics"]);
    }
}

/// The table of rows, numbers to the right.
pub(super) fn drawn(columns: &[Value], rows: &[Value]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Disabled);
    let name = |column: &Value| column["name"].as_str().unwrap_or_default().to_owned();
    table.set_header(columns.iter().map(|column| Cell::new(name(column))));
    for row in rows {
        table.add_row(columns.iter().map(|column| {
            let value = &row[name(column)];
            let side = if value.is_number() { CellAlignment::Right } else { CellAlignment::Left };
            Cell::new(text(value)).set_alignment(side)
        }));
    }
    table
}

fn text(value: &Value) -> String {
    let whole = match value {
        Value::Null => return String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    // Control characters could move the cursor.
    let plain: String = whole.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if plain.chars().count() <= WIDEST { plain } else { plain.chars().take(WIDEST - 1).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_table_is_drawn_in_the_order_of_its_columns() {
        let drawn =
            drawn(&[json!({"name": "z"}), json!({"name": "a"})], &[json!({"a": "x\ty", "z": 1}), json!({"z": null})]);
        let text = drawn.to_string();
        assert!(text.lines().nth(1).is_some_and(|line| line.find('z') < line.find('a')), "{text}");
        assert!(text.contains("│ 1 ┆ x y │"), "{text}");
    }
}
