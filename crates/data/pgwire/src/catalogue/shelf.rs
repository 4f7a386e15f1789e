//! The lake's catalogue with one more schema in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::catalog::{CatalogProvider, CatalogProviderList, MemTable, SchemaProvider, TableProvider};
use datafusion::error::DataFusionError;

use super::PG_CATALOG;

/// Tables by name.
pub(super) type Shelf = BTreeMap<&'static str, RecordBatch>;

/// A list that has these tables in the schema `pg_catalog` of each catalogue.
pub(super) fn with(list: Arc<dyn CatalogProviderList>, shelf: Shelf) -> Arc<dyn CatalogProviderList> {
    Arc::new(List { list, shelf: Arc::new(Tables(shelf)) })
}

#[derive(Debug)]
struct List {
    list: Arc<dyn CatalogProviderList>,
    shelf: Arc<Tables>,
}

impl CatalogProviderList for List {
    fn register_catalog(&self, _: String, _: Arc<dyn CatalogProvider>) -> Option<Arc<dyn CatalogProvider>> {
        None
    }

    fn catalog_names(&self) -> Vec<String> {
        self.list.catalog_names()
    }

    fn catalog(&self, name: &str) -> Option<Arc<dyn CatalogProvider>> {
        let inner = self.list.catalog(name)?;
        Some(Arc::new(Catalog { inner, shelf: Arc::clone(&self.shelf) }))
    }
}

#[derive(Debug)]
struct Catalog {
    inner: Arc<dyn CatalogProvider>,
    shelf: Arc<Tables>,
}

impl CatalogProvider for Catalog {
    fn schema_names(&self) -> Vec<String> {
        self.inner.schema_names()
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        if name == PG_CATALOG {
            return Some(Arc::clone(&self.shelf) as Arc<dyn SchemaProvider>);
        }
        self.inner.schema(name)
    }
}

#[derive(Debug)]
struct Tables(Shelf);

#[async_trait::async_trait]
impl SchemaProvider for Tables {
    fn table_names(&self) -> Vec<String> {
        self.0.keys().map(|name| (*name).to_owned()).collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, DataFusionError> {
        let Some(batch) = self.0.get(name) else { return Ok(None) };
        Ok(Some(Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch.clone()]])?)))
    }

    fn table_exist(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}
