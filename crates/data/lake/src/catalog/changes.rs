//! Changes of databases, tables, partitions, functions and grants. Each is one transaction.

use std::collections::BTreeSet;

use doorstep_clock::Timestamp;
use doorstep_store::{Backend, StoreError, Tx, Value, params};

use super::{BUILT_IN_DATABASE, Catalog, DEFAULT_DATABASE, Grant, TableDef, check_name, counted, nearest};
use crate::LakeError;

impl Catalog {
    /// Makes a database; false when it was there and `if_absent`.
    ///
    /// # Errors
    /// [`LakeError::Exists`], [`LakeError::Invalid`], the store's.
    pub async fn create_database(
        &self,
        tenant: &str,
        name: &str,
        comment: &str,
        if_absent: bool,
    ) -> Result<bool, LakeError> {
        check_name("database", name)?;
        let exists = || LakeError::Exists { what: "database", name: name.to_owned() };
        if name == BUILT_IN_DATABASE || name == DEFAULT_DATABASE || name == "information_schema" {
            return if if_absent { Ok(false) } else { Err(exists()) };
        }
        let (t, n, c, now) = (tenant.to_owned(), name.to_owned(), comment.to_owned(), self.now());
        let made = self
            .write(move |tx| {
                tx.execute(
                    "INSERT INTO lake_databases(tenant, name, comment, created_at) VALUES ($1, $2, $3, $4)
                     ON CONFLICT (tenant, name) DO NOTHING",
                    params![&t, &n, &c, now],
                )
            })
            .await?;
        self.forget(tenant);
        if made == 0 && !if_absent {
            return Err(exists());
        }
        Ok(made == 1)
    }

    /// Drops a database; with tables in it only if `cascade`. Returns the tables that went.
    ///
    /// # Errors
    /// [`LakeError::Unknown`] unless `if_exists`, [`LakeError::Invalid`] when it is not empty, the store's.
    pub async fn drop_database(
        &self,
        tenant: &str,
        name: &str,
        if_exists: bool,
        cascade: bool,
    ) -> Result<Vec<TableDef>, LakeError> {
        let all = self.holdings(tenant).await?;
        if name == DEFAULT_DATABASE || name == BUILT_IN_DATABASE {
            return Err(LakeError::invalid(
                "database",
                format!("{name} cannot be dropped"),
                "drop tables in it instead",
            ));
        }
        let Some(database) = all.databases.get(name) else {
            if if_exists {
                return Ok(Vec::new());
            }
            let near = nearest(name, all.databases.keys().map(String::as_str));
            return Err(LakeError::Unknown { what: "database", name: name.to_owned(), near });
        };
        let functions = all.functions.keys().filter(|(of, _)| of == name).count();
        let filled = !database.tables.is_empty() || functions > 0;
        if filled && !cascade {
            let (tables, functions) = (counted(database.tables.len(), "table"), counted(functions, "function"));
            let reason = format!("{name} has {tables} and {functions}");
            return Err(LakeError::invalid("database", reason, "drop them first, or write CASCADE"));
        }
        let tables: Vec<TableDef> = database.tables.values().map(|t| (**t).clone()).collect();
        for table in &tables {
            self.drop_table(tenant, table).await?;
        }
        let (t, n) = (tenant.to_owned(), name.to_owned());
        let write = move |tx: &mut dyn Tx| {
            tx.execute("DELETE FROM lake_functions WHERE tenant = $1 AND database_name = $2", params![&t, &n])?;
            tx.execute("DELETE FROM lake_databases WHERE tenant = $1 AND name = $2", params![&t, &n])
        };
        self.write::<_, StoreError, _>(write).await?;
        self.forget(tenant);
        Ok(tables)
    }

    /// Makes a table or view; false when one was there and `if_absent`.
    ///
    /// # Errors
    /// [`LakeError::Exists`], [`LakeError::Unknown`] for its database, [`LakeError::Invalid`], the store's.
    pub async fn create_table(&self, tenant: &str, table: &TableDef, if_absent: bool) -> Result<bool, LakeError> {
        self.check_new(tenant, table).await?;
        let (t, table_) = (tenant.to_owned(), table.clone());
        let made = self.write(move |tx| insert(tx, &t, &table_)).await?;
        self.forget(tenant);
        if made == 0 && !if_absent {
            return Err(LakeError::Exists { what: "table", name: format!("{}.{}", table.database, table.name) });
        }
        Ok(made == 1)
    }

    async fn check_new(&self, tenant: &str, table: &TableDef) -> Result<(), LakeError> {
        check_name("table", &table.name)?;
        if table.database == BUILT_IN_DATABASE {
            return Err(LakeError::invalid("database", "the built-in tables are Doorstep's", "use another database"));
        }
        let all = self.holdings(tenant).await?;
        if !all.databases.contains_key(&table.database) {
            let near = nearest(&table.database, all.databases.keys().map(String::as_str));
            return Err(LakeError::Unknown { what: "database", name: table.database.clone(), near });
        }
        let mut seen = std::collections::HashSet::new();
        for field in table.schema.fields() {
            if field.name().is_empty() || !seen.insert(field.name().to_lowercase()) {
                let reason = format!("the column {:?} stands there twice or has no name", field.name());
                return Err(LakeError::invalid("columns", reason, "give each column a name of its own, with AS"));
            }
        }
        for column in &table.partition_by {
            if table.schema.column_with_name(column).is_none() {
                let near = nearest(column, table.schema.fields().iter().map(|f| f.name().as_str()));
                return Err(LakeError::Unknown { what: "column", name: column.clone(), near });
            }
        }
        Ok(())
    }

    /// Changes a table (columns, properties, name, view query) if nobody did since it was read.
    ///
    /// # Errors
    /// [`LakeError::Conflict`], [`LakeError::Exists`] for a new name that is taken, the store's.
    pub async fn alter_table(&self, tenant: &str, changed: &TableDef) -> Result<(), LakeError> {
        self.check_new(tenant, changed).await?;
        let all = self.holdings(tenant).await?;
        if let Some(other) = all.table(&changed.database, &changed.name)
            && other.id != changed.id
        {
            return Err(LakeError::Exists { what: "table", name: changed.name.clone() });
        }
        let (t, table) = (tenant.to_owned(), changed.clone());
        let done = self
            .write(move |tx| {
                tx.execute(
                    "UPDATE lake_tables SET database_name = $1, name = $2, body = $3, version = version + 1
                     WHERE id = $4 AND tenant = $5 AND version = $6",
                    params![&table.database, &table.name, encode(&table), &table.id, &t, table.version],
                )
            })
            .await?;
        self.forget(tenant);
        if done == 0 { Err(LakeError::Conflict { table: changed.name.clone() }) } else { Ok(()) }
    }

    /// Puts a table or view in the place of another of the same name.
    ///
    /// # Errors
    /// As [`Catalog::create_table`].
    pub async fn replace_table(&self, tenant: &str, table: &TableDef) -> Result<(), LakeError> {
        self.check_new(tenant, table).await?;
        let all = self.holdings(tenant).await?;
        let old = all.table(&table.database, &table.name).map(|t| t.id.clone());
        let (t, new, now) = (tenant.to_owned(), table.clone(), self.now());
        self.write(move |tx| {
            if let Some(old) = &old {
                remove(tx, &t, old, now)?;
            }
            insert(tx, &t, &new)
        })
        .await?;
        self.forget(tenant);
        Ok(())
    }

    /// Drops a table or view. Its data files are removed later, when no query reads them any more.
    ///
    /// # Errors
    /// The store's.
    pub async fn drop_table(&self, tenant: &str, table: &TableDef) -> Result<(), LakeError> {
        let (t, id, now) = (tenant.to_owned(), table.id.clone(), self.now());
        self.write(move |tx| remove(tx, &t, &id, now)).await?;
        self.forget(tenant);
        Ok(())
    }

    /// Notes partitions of an external table, each with its folder if that does not follow from the name;
    /// returns how many are new.
    ///
    /// # Errors
    /// The store's.
    pub async fn add_partitions(
        &self,
        table: &TableDef,
        partitions: Vec<(String, Option<String>)>,
    ) -> Result<u64, LakeError> {
        let (id, now) = (table.id.clone(), self.now());
        let write = move |tx: &mut dyn Tx| {
            let mut added = 0;
            for (spec, location) in &partitions {
                added += note_partition(tx, &id, spec, location.as_deref(), now)?;
            }
            Ok::<_, StoreError>(added)
        };
        self.write(write).await
    }

    /// Forgets partitions; returns how many there were. Files of a managed table's partition go with it.
    ///
    /// # Errors
    /// The store's.
    pub async fn drop_partitions(&self, table: &TableDef, specs: Vec<String>) -> Result<u64, LakeError> {
        let (id, now) = (table.id.clone(), self.now());
        let write = move |tx: &mut dyn Tx| {
            let mut gone = 0;
            for spec in &specs {
                gone +=
                    tx.execute("DELETE FROM lake_partitions WHERE table_id = $1 AND spec = $2", params![&id, spec])?;
                tx.execute(
                    "UPDATE lake_files SET removed_at = $1 WHERE table_id = $2 AND spec = $3 AND removed_at IS NULL",
                    params![now, &id, spec],
                )?;
            }
            Ok::<_, StoreError>(gone)
        };
        self.write(write).await
    }

    /// The partitions noted of a table, sorted: name and folder.
    ///
    /// # Errors
    /// The store's.
    pub async fn partitions(&self, table: &TableDef) -> Result<Vec<(String, Option<String>)>, LakeError> {
        let id = table.id.clone();
        let read = move |tx: &mut dyn Tx| {
            let sql = "SELECT spec, location FROM lake_partitions WHERE table_id = $1 ORDER BY spec";
            let rows = tx.query(sql, params![&id])?;
            rows.iter().map(|row| Ok((row.text("spec")?, row.opt_text("location")?))).collect::<Result<_, StoreError>>()
        };
        Ok(self.store().read(read).await?)
    }

    /// Lets a key see a table, or ends that with `None`.
    ///
    /// # Errors
    /// The store's.
    pub async fn grant(
        &self,
        tenant: &str,
        key: &str,
        database: &str,
        table: &str,
        grant: Option<&Grant>,
    ) -> Result<(), LakeError> {
        let (at, grant) = (params![tenant, key, database, table].to_vec(), grant.cloned());
        self.write(move |tx| put_grant(tx, &at, grant.as_ref())).await?;
        self.forget(tenant);
        Ok(())
    }

    /// Changes what keys have of a table, all of them or none: `change` is given each key, what it has of the table,
    /// and what it has of all the database.
    ///
    /// # Errors
    /// Those of `change`, the store's.
    pub(crate) async fn change_grants<F>(
        &self,
        tenant: &str,
        keys: &[String],
        (database, table): (&str, &str),
        change: F,
    ) -> Result<(), LakeError>
    where
        F: Fn(&str, Option<&Grant>, Option<&Grant>) -> Result<Option<Grant>, LakeError> + Send + 'static,
    {
        // In one order for all, so that no two wait for each other.
        let keys: BTreeSet<String> = keys.iter().cloned().collect();
        let (t, d, n) = (tenant.to_owned(), database.to_owned(), table.to_owned());
        let write = move |tx: &mut dyn Tx| {
            for key in &keys {
                let at = params![&t, key, &d, &n].to_vec();
                // On PostgreSQL transactions run beside each other: one at a time changes a grant, though it is new.
                if tx.backend() == Backend::Postgres {
                    tx.execute(
                        "INSERT INTO lake_grants(tenant, key_id, database_name, table_name, body)
                         VALUES ($1, $2, $3, $4, '') ON CONFLICT (tenant, key_id, database_name, table_name) DO NOTHING",
                        &at,
                    )?;
                }
                let own = read_grant(tx, &at, true)?;
                let all = read_grant(tx, params![&t, key, &d, "*"], false)?;
                put_grant(tx, &at, change(key, own.as_ref(), all.as_ref())?.as_ref())?;
            }
            Ok::<_, LakeError>(())
        };
        self.write(write).await?;
        self.forget(tenant);
        Ok(())
    }
}

/// What is kept at tenant, key, database and table; held until the transaction ends if it is to be `changed`.
fn read_grant(tx: &mut dyn Tx, at: &[Value], changed: bool) -> Result<Option<Grant>, StoreError> {
    let hold = if changed && tx.backend() == Backend::Postgres { " FOR UPDATE" } else { "" };
    let sql = format!(
        "SELECT table_name, body FROM lake_grants
         WHERE tenant = $1 AND key_id = $2 AND database_name = $3 AND table_name = $4{hold}"
    );
    let Some(row) = tx.query_opt(&sql, at)? else { return Ok(None) };
    let body = row.text("body")?;
    if body.is_empty() { Ok(None) } else { super::decode(&row.text("table_name")?, &body).map(Some) }
}

/// Keeps a grant at tenant, key, database and table, or none.
fn put_grant(tx: &mut dyn Tx, at: &[Value], grant: Option<&Grant>) -> Result<(), StoreError> {
    let Some(grant) = grant else {
        let sql = "DELETE FROM lake_grants
                   WHERE tenant = $1 AND key_id = $2 AND database_name = $3 AND table_name = $4";
        return tx.execute(sql, at).map(|_| ());
    };
    let mut values = at.to_vec();
    values.push(serde_json::to_string(grant).expect("a grant is plain JSON").into());
    let sql = "INSERT INTO lake_grants(tenant, key_id, database_name, table_name, body) VALUES ($1, $2, $3, $4, $5)
               ON CONFLICT (tenant, key_id, database_name, table_name) DO UPDATE SET body = excluded.body";
    tx.execute(sql, &values).map(|_| ())
}

/// Notes a partition; 1 if it is new.
pub(super) fn note_partition(
    tx: &mut dyn Tx,
    table_id: &str,
    spec: &str,
    location: Option<&str>,
    now: Timestamp,
) -> Result<u64, StoreError> {
    tx.execute(
        "INSERT INTO lake_partitions(table_id, spec, location, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (table_id, spec) DO NOTHING",
        params![table_id, spec, location, now],
    )
}

pub(super) fn insert(tx: &mut dyn Tx, tenant: &str, table: &TableDef) -> Result<u64, StoreError> {
    tx.execute(
        "INSERT INTO lake_tables(id, tenant, database_name, name, version, body) VALUES ($1, $2, $3, $4, 1, $5)
         ON CONFLICT DO NOTHING",
        params![&table.id, tenant, &table.database, &table.name, encode(table)],
    )
}

pub(super) fn remove(tx: &mut dyn Tx, tenant: &str, id: &str, now: Timestamp) -> Result<(), StoreError> {
    let gone = tx.execute("DELETE FROM lake_tables WHERE id = $1 AND tenant = $2", params![id, tenant])?;
    if gone > 0 {
        tx.execute("DELETE FROM lake_partitions WHERE table_id = $1", params![id])?;
        let sql = "UPDATE lake_files SET removed_at = $1 WHERE table_id = $2 AND removed_at IS NULL";
        tx.execute(sql, params![now, id])?;
    }
    Ok(())
}

fn encode(table: &TableDef) -> String {
    serde_json::to_string(table).expect("a table is plain JSON")
}
