//! LOAD DATA: files of the tenant's folder become rows.

use std::sync::Arc;

use datafusion::logical_expr::dml::InsertOp;
use doorstep_clock::{Clock as _, SystemClock};
use doorstep_lake::catalog::{FileKind, TableDef, TableKind, Unseen};

use super::{Answer, Call, create, insert};
use crate::HiveError;
use crate::hiveql::{Insert, LoadData, query};

impl Call<'_> {
    /// Reads the folder by the table's form of files and inserts what it finds; text that does not fit its
    /// column is NULL. The files stay where they are.
    pub(super) async fn load(&self, load: LoadData) -> Result<Answer, HiveError> {
        self.may_change("load data")?;
        if load.local {
            return Err(HiveError::unsupported(
                "LOAD DATA LOCAL",
                "the client's files are not here: put them into the lake's folder, then LOAD DATA INPATH 'folder'",
            ));
        }
        let table = self.table(&load.table).await?;
        if table.kind == TableKind::External {
            return Err(HiveError::unsupported("LOAD DATA into an external table", "put the files into its folder"));
        }
        let format = table.properties.get(create::STORED_AS).and_then(|w| FileKind::parse(w)).unwrap_or_default();
        let in_files = table.file_schema();
        let schema = if format == FileKind::Parquet { in_files } else { create::as_texts(&in_files) };
        let mut source = TableDef::managed(&table.database, "", schema, SystemClock.now());
        source.name = Unseen::Loading.name(&source.id);
        source.kind = TableKind::External;
        source.files = format;
        source.delimited = create::text_of(&table);
        source.location = Some(create::folder(load.path.trim_end_matches("/*")));
        self.engine.settle(self.session, &mut source).await?;
        let catalog = self.engine.catalog();
        let tenant = self.session.tenant();
        catalog.create_table(tenant, &source, false).await?;
        let loaded = self.loaded(&table, &source, &load).await;
        catalog.drop_table(tenant, &source).await?;
        loaded
    }

    async fn loaded(&self, table: &TableDef, source: &TableDef, load: &LoadData) -> Result<Answer, HiveError> {
        let state = self.state().await?;
        let rows = query(&format!("select * from `{}`.`{}`", source.database, source.name))?;
        let plan = self.planned(&state, *rows).await?;
        let from = if source.files == FileKind::Csv { insert::From::Texts } else { insert::From::Query };
        let head = Insert {
            table: load.table.clone(),
            overwrite: load.overwrite,
            partition: load.partition.clone(),
            columns: Vec::new(),
            if_not_exists: false,
            source: query("select 1")?,
        };
        let rows = insert::conformed(&state, table, &head, plan, from)?;
        let op = if load.overwrite { InsertOp::Overwrite } else { InsertOp::Append };
        let running = self.started(self.dml(&state, table, op, rows).await?).await?;
        let query = Some(Arc::clone(&running.query));
        let written = Some(insert::count(&running.collect(1).await?.batches));
        Ok(Answer { written, query, ..Answer::done() })
    }
}
