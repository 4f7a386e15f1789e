//! The tables that a session sees, with their columns: for browsers of tables.

use std::collections::BTreeMap;

use arrow::datatypes::SchemaRef;
use doorstep_journal::table::TableSpec;

use super::local::LocalEngine;
use super::session::Session;
use crate::LakeError;
use crate::catalog::{BUILT_IN_DATABASE, TableKind};

/// A table as a browser shows it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its database.
    pub database: String,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: TableKind,
    /// What a row is.
    pub about: String,
    /// Its columns.
    pub schema: SchemaRef,
    /// What each column says, as far as known.
    pub columns: BTreeMap<String, String>,
    /// The columns in folder names.
    pub partition_by: Vec<String>,
    /// Rows and bytes of its files, if the lake keeps them.
    pub size: Option<(u64, u64)>,
}

impl LocalEngine {
    /// All tables and views that the session may read, sorted. A view that cannot be planned has no columns.
    ///
    /// # Errors
    /// The store's.
    pub async fn list(&self, session: &Session) -> Result<Vec<Listed>, LakeError> {
        let scope = self.0.scope(session).await?;
        let mut databases: Vec<String> = scope.holdings.databases.keys().cloned().collect();
        databases.push(BUILT_IN_DATABASE.to_owned());
        let mut all = Vec::new();
        for database in databases {
            for name in scope.table_names(&database) {
                let schema = match scope.provider(&database, &name).await {
                    Ok(Some(provider)) => provider.schema(),
                    _ => SchemaRef::new(arrow::datatypes::Schema::empty()),
                };
                let def = scope.holdings.table(&database, &name);
                let spec = self.tables().spec(&name).filter(|_| database == BUILT_IN_DATABASE);
                let kind = match def {
                    Some(def) => def.kind,
                    None if spec.is_some() => TableKind::Managed,
                    None => TableKind::View,
                };
                let files = match (def, spec) {
                    (Some(def), _) if def.kind == TableKind::Managed => {
                        Some(self.catalog().files(session.tenant(), &def.id).await?)
                    }
                    (None, Some(_)) => self.tables().snapshot(&name, session.tenant()).map(|s| s.files),
                    _ => None,
                };
                let view = self.tables().views().iter().find(|v| database == BUILT_IN_DATABASE && v.name == name);
                let about = def
                    .map(|d| d.comment.clone())
                    .or_else(|| spec.map(|s| s.about.to_owned()))
                    .or_else(|| view.map(|v| v.about.to_owned()));
                all.push(Listed {
                    columns: spec.map(|spec| explained(spec)).unwrap_or_default(),
                    partition_by: def.map(|d| d.partition_by.clone()).unwrap_or_default(),
                    size: files.map(|f| (f.iter().map(|f| f.rows).sum(), f.iter().map(|f| f.bytes).sum())),
                    about: about.unwrap_or_default(),
                    database: database.clone(),
                    name,
                    kind,
                    schema,
                });
            }
        }
        Ok(all)
    }
}

fn explained(spec: &TableSpec) -> BTreeMap<String, String> {
    spec.columns.iter().map(|column| (column.name.to_owned(), column.about.to_owned())).collect()
}
