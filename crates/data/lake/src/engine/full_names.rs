//! Columns that an UPDATE, DELETE or MERGE writes with database and table, as `db.t.x`. The statement's plan knows the
//! changed table, and a MERGE's source of which it asks whether it has a row, by their bare names: `t.x`.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, FromTable, MergeClauseKind, Query, Statement, TableFactor, VisitMut as _, VisitorMut,
};

use super::statements::ident;

/// Writes those columns with the bare name of their table. Queries inside of the statement have tables of their own and
/// stay as they are.
pub(super) fn shorten(statement: &mut Statement) {
    let full = match &*statement {
        Statement::Update(update) => full(&update.table.relation).into_iter().collect(),
        Statement::Delete(delete) => {
            let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
            from.iter().filter_map(|table| full(&table.relation)).collect()
        }
        Statement::Merge(merge) => {
            let asked = merge.clauses.iter().any(|clause| clause.clause_kind == MergeClauseKind::NotMatchedBySource);
            full(&merge.table).into_iter().chain(full(&merge.source).filter(|_| asked)).collect()
        }
        _ => Vec::new(),
    };
    if !full.is_empty() {
        let _ = statement.visit(&mut Shortener { full, queries: 0 });
    }
}

/// The parts of a table's full name, if it has no other.
fn full(table: &TableFactor) -> Option<Vec<String>> {
    let TableFactor::Table { name, alias: None, .. } = table else { return None };
    let parts: Vec<String> = name.0.iter().filter_map(|part| part.as_ident()).map(ident).collect();
    (parts.len() > 1).then_some(parts)
}

struct Shortener {
    full: Vec<Vec<String>>,
    /// How many queries stand around.
    queries: usize,
}

impl VisitorMut for Shortener {
    type Break = ();

    fn pre_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.queries += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.queries -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if self.queries == 0
            && let Expr::CompoundIdentifier(parts) = expr
        {
            let written: Vec<String> = parts.iter().map(ident).collect();
            let before = |full: &Vec<String>| {
                (2..=full.len()).find(|n| written.len() > *n && written[..*n] == full[full.len() - n..])
            };
            if let Some(n) = self.full.iter().find_map(before) {
                parts.drain(..n - 1);
            }
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use datafusion::sql::sqlparser::dialect::GenericDialect;
    use datafusion::sql::sqlparser::parser::Parser;

    use super::*;

    #[test]
    fn full_names_become_bare_ones() {
        let short = |text: &str| {
            let mut statement = Parser::parse_sql(&GenericDialect {}, text).unwrap().remove(0);
            shorten(&mut statement);
            statement.to_string()
        };
        assert_eq!(
            short("UPDATE Db.t SET n = db.T.n + x.n FROM db.x AS x WHERE db.t.id = db2.t.id AND t.id > 1"),
            "UPDATE Db.t SET n = T.n + x.n FROM db.x AS x WHERE t.id = db2.t.id AND t.id > 1"
        );
        assert_eq!(short("DELETE FROM \"D\".t WHERE \"D\".t.id = 1"), "DELETE FROM \"D\".t WHERE t.id = 1");
        let merge = |source: &str, clause: &str| {
            short(&format!(
                "MERGE INTO db.t USING {source} ON db.t.id = db.s.id {clause} THEN UPDATE SET n = (SELECT db.t.id FROM u)"
            ))
        };
        let told = merge("db.s", "WHEN NOT MATCHED BY SOURCE");
        assert!(told.contains("ON t.id = s.id") && told.contains("SELECT db.t.id FROM u"), "{told}");
        assert!(merge("db.s", "WHEN MATCHED").contains("ON t.id = db.s.id"), "the source keeps its name in that plan");
        assert!(merge("db.s AS o", "WHEN NOT MATCHED BY SOURCE").contains("ON t.id = db.s.id"));
    }
}
