//! Functions that are expressions over their arguments, kept by database.

use arrow::datatypes::DataType;
use doorstep_store::{StoreError, Tx, params};
use serde::{Deserialize, Serialize};

use super::{BUILT_IN_DATABASE, Catalog, check_name, nearest};
use crate::LakeError;

/// Functions that a tenant may have.
pub(super) const MAX_FUNCTIONS: i64 = 1_000;

/// A function.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FunctionDef {
    /// Its database.
    pub database: String,
    /// Its name.
    pub name: String,
    /// Its arguments by name, in order.
    pub arguments: Vec<(String, DataType)>,
    /// The type of its value.
    pub returns: DataType,
    /// The expression, in the engine's own SQL.
    pub body: String,
    /// The expression as its maker wrote it, if that was in another dialect.
    #[serde(default)]
    pub written: Option<String>,
    /// What its maker says of it.
    #[serde(default)]
    pub comment: String,
    /// Whether equal arguments may give other values, as with `random()`.
    #[serde(default)]
    pub volatile: bool,
}

impl Catalog {
    /// Keeps a function; false when there is one of this name and `if_absent`.
    ///
    /// # Errors
    /// [`LakeError::Exists`] unless it is to be replaced, [`LakeError::Unknown`] for its database,
    /// [`LakeError::Invalid`], the store's.
    pub async fn create_function(
        &self,
        tenant: &str,
        function: &FunctionDef,
        or_replace: bool,
        if_absent: bool,
    ) -> Result<bool, LakeError> {
        check_name("function", &function.name)?;
        if function.database == BUILT_IN_DATABASE {
            return Err(LakeError::invalid("database", "the built-in tables are Doorstep's", "use another database"));
        }
        let all = self.holdings(tenant).await?;
        if !all.databases.contains_key(&function.database) {
            let near = nearest(&function.database, all.databases.keys().map(String::as_str));
            return Err(LakeError::Unknown { what: "database", name: function.database.clone(), near });
        }
        let (t, kept, now) = (tenant.to_owned(), function.clone(), self.now());
        let write = move |tx: &mut dyn Tx| {
            let count = tx.query_opt("SELECT COUNT(*) AS n FROM lake_functions WHERE tenant = $1", params![&t])?;
            if count.map_or(Ok(0), |row| row.int("n"))? >= MAX_FUNCTIONS {
                let reason = format!("there are {MAX_FUNCTIONS} already");
                return Err(LakeError::invalid("functions", reason, "drop some first"));
            }
            let then = if or_replace {
                "DO UPDATE SET body = excluded.body, created_at = excluded.created_at"
            } else {
                "DO NOTHING"
            };
            let sql = format!(
                "INSERT INTO lake_functions(tenant, database_name, name, body, created_at) VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (tenant, database_name, name) {then}"
            );
            let body = serde_json::to_string(&kept).expect("a function is plain JSON");
            Ok(tx.execute(&sql, params![&t, &kept.database, &kept.name, body, now])?)
        };
        let made = self.write(write).await?;
        self.forget(tenant);
        if made == 0 && !if_absent {
            return Err(LakeError::Exists {
                what: "function",
                name: format!("{}.{}", function.database, function.name),
            });
        }
        Ok(made > 0)
    }

    /// Forgets a function; whether there was one.
    ///
    /// # Errors
    /// The store's.
    pub async fn drop_function(&self, tenant: &str, database: &str, name: &str) -> Result<bool, LakeError> {
        let at = params![tenant, database, name].to_vec();
        let write = move |tx: &mut dyn Tx| {
            tx.execute("DELETE FROM lake_functions WHERE tenant = $1 AND database_name = $2 AND name = $3", &at)
        };
        let gone = self.write::<_, StoreError, _>(write).await?;
        self.forget(tenant);
        Ok(gone > 0)
    }
}
