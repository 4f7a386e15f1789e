//! Views: the query is kept in the engine's own SQL, and as it was written beside it.

use datafusion::sql::parser::Statement as Parsed;
use datafusion::sql::sqlparser::ast::Statement as Ast;
use doorstep_clock::{Clock as _, SystemClock};
use doorstep_lake::LakeError;
use doorstep_lake::catalog::{TableDef, TableKind};

use super::{Answer, Call, answer};
use crate::HiveError;
use crate::hiveql::{Name, arrow_type, query, rewrite};

/// The query as its maker wrote it.
pub(super) const WRITTEN: &str = "hive.query";

impl Call<'_> {
    /// The view that a query makes.
    pub(super) async fn view(
        &self,
        name: &Name,
        columns: &[String],
        comment: &str,
        text: &str,
    ) -> Result<TableDef, HiveError> {
        self.may_change("make views")?;
        let (database, name) = self.place(name);
        let mut tree = query(text)?;
        rewrite(&mut tree, &self.asker())?;
        let mut sql = tree.to_string();
        let state = self.state().await?;
        if !columns.is_empty() {
            sql = format!("SELECT * FROM ({sql}) AS v ({})", columns.join(", "));
        }
        // Planned from its text, as everybody will.
        let parsed = state.sql_to_statement(&sql, &state.config().options().sql_parser.dialect);
        if parsed.is_err() && sql.contains("UNPIVOT") {
            let fix = "put what stands before it into a subquery: FROM (SELECT … FROM a JOIN b ON …) t LATERAL VIEW …";
            return Err(HiveError::unsupported("LATERAL VIEW of a join, or without FROM, inside a view", fix));
        }
        let parsed = parsed?;
        let plan = match parsed {
            Parsed::Statement(ast) if matches!(*ast, Ast::Query(_)) => {
                state.statement_to_plan(Parsed::Statement(ast)).await?
            }
            _ => return Err(HiveError::invalid("a view wants a query", "write CREATE VIEW name AS SELECT …")),
        };
        if let Some(table) = self.session.own_in(&plan) {
            return Err(doorstep_lake::no_view_of(&table).into());
        }
        let mut fields = Vec::new();
        for shown in answer::columns(plan.schema().as_arrow()) {
            fields.push(arrow::datatypes::Field::new(shown.name.to_lowercase(), arrow_type(&shown.data_type)?, true));
        }
        let schema = std::sync::Arc::new(arrow::datatypes::Schema::new(fields));
        let mut made = TableDef::managed(&database, &name, schema, SystemClock.now());
        made.kind = TableKind::View;
        made.query = Some(sql);
        made.comment = comment.to_owned();
        made.properties.insert(WRITTEN.to_owned(), text.to_owned());
        Ok(made)
    }

    pub(super) async fn keep_view(
        &self,
        view: TableDef,
        or_replace: bool,
        if_absent: bool,
    ) -> Result<Answer, HiveError> {
        let (catalog, tenant) = (self.engine.catalog(), self.session.tenant());
        if or_replace {
            let all = self.holdings().await?;
            if all.table(&view.database, &view.name).is_some_and(|t| t.kind != TableKind::View) {
                let reason = format!("{} is a table", view.name);
                return Err(HiveError::invalid(reason, "choose another name for the view"));
            }
            catalog.replace_table(tenant, &view).await?;
        } else {
            catalog.create_table(tenant, &view, if_absent).await?;
        }
        Ok(Answer::done())
    }

    pub(super) async fn alter_view(&self, name: &Name, text: &str) -> Result<Answer, HiveError> {
        let old = self.table(name).await?;
        if old.kind != TableKind::View {
            return Err(LakeError::Unknown { what: "view", name: name.to_string(), near: None }.into());
        }
        let view = self.view(name, &[], &old.comment, text).await?;
        self.keep_view(view, true, false).await
    }
}
