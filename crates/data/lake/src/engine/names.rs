//! Which names a session sees, as DataFusion asks for them.
//!
//! Everything is looked up in what the session's tenant holds, so no name leads to another tenant's.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::{CatalogProvider, CatalogProviderList, SchemaProvider, TableProvider};
use datafusion::error::{DataFusionError, Result};

use super::scope::Scope;
use crate::catalog::BUILT_IN_DATABASE;

/// The one catalogue there is.
pub(super) const CATALOG: &str = "lake";

/// The list of one.
#[derive(Debug)]
pub(super) struct OneCatalog(pub(super) Arc<Scope>);

impl CatalogProviderList for OneCatalog {
    fn register_catalog(&self, _: String, _: Arc<dyn CatalogProvider>) -> Option<Arc<dyn CatalogProvider>> {
        None
    }

    fn catalog_names(&self) -> Vec<String> {
        vec![CATALOG.to_owned()]
    }

    fn catalog(&self, name: &str) -> Option<Arc<dyn CatalogProvider>> {
        (name == CATALOG).then(|| Arc::new(Databases(Arc::clone(&self.0))) as Arc<dyn CatalogProvider>)
    }
}

#[derive(Debug)]
struct Databases(Arc<Scope>);

impl CatalogProvider for Databases {
    fn schema_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.0.holdings.databases.keys().cloned().collect();
        names.push(BUILT_IN_DATABASE.to_owned());
        names
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        let known = name == BUILT_IN_DATABASE || self.0.holdings.databases.contains_key(name);
        known.then(|| {
            Arc::new(Names { scope: Arc::clone(&self.0), database: name.to_owned() }) as Arc<dyn SchemaProvider>
        })
    }
}

/// The tables of one database.
#[derive(Debug)]
struct Names {
    scope: Arc<Scope>,
    database: String,
}

#[async_trait]
impl SchemaProvider for Names {
    fn table_names(&self) -> Vec<String> {
        self.scope.table_names(&self.database)
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, DataFusionError> {
        if let Some(found) = self.scope.provider(&self.database, name).await? {
            return Ok(Some(found));
        }
        // A bare name that the session's database lacks may be a built-in table's.
        if self.database == self.scope.database && self.database != BUILT_IN_DATABASE {
            return Ok(self.scope.provider(BUILT_IN_DATABASE, name).await?);
        }
        Ok(None)
    }

    fn table_exist(&self, name: &str) -> bool {
        self.scope.has(&self.database, name)
    }
}
