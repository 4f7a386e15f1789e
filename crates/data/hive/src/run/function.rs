//! Functions of the users' own: kept in the engine's own SQL, so that every face can call them.

use datafusion::sql::sqlparser::ast::{Expr, SelectItem, SetExpr};
use doorstep_lake::NewFunction;

use super::{Answer, Call};
use crate::HiveError;
use crate::hiveql::{CreateFunction, is_known, query, rewrite};

impl Call<'_> {
    pub(super) async fn create_function(&self, create: CreateFunction) -> Result<Answer, HiveError> {
        let name = create.name.name.to_lowercase();
        if is_known(&name) {
            return Err(HiveError::invalid(format!("{name} is a built-in function"), "choose another name"));
        }
        let new = NewFunction {
            database: create.name.database,
            name,
            arguments: create.arguments.into_iter().map(|argument| (argument.name, argument.data_type)).collect(),
            returns: create.returns,
            body: self.expression(create.body)?.to_string(),
            written: Some(create.written),
            temporary: create.temporary,
            or_replace: create.or_replace,
            if_absent: create.if_not_exists,
        };
        self.engine.define(self.session, new).await?;
        Ok(Answer::done())
    }

    /// An expression in the engine's own SQL.
    fn expression(&self, written: Expr) -> Result<Expr, HiveError> {
        let mut tree = query("select 1")?;
        if let SetExpr::Select(select) = &mut *tree.body {
            select.projection = vec![SelectItem::UnnamedExpr(written)];
        }
        rewrite(&mut tree, &self.asker())?;
        match *tree.body {
            SetExpr::Select(mut select) => match select.projection.pop() {
                Some(SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) => Ok(expr),
                _ => Err(HiveError::invalid("a function is one expression", "write the rest in a view")),
            },
            _ => Err(HiveError::invalid("a function is one expression", "write the rest in a view")),
        }
    }
}
