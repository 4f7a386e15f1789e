//! A lake in a scratch folder with the face in front of it.

use std::sync::Arc;

use doorstep_clock::{SharedClock, SystemClock};
use doorstep_identity::{Keys, NewKey};
use doorstep_lake::{Catalog, Engine as _, EngineOptions, LocalEngine, Tables};
use doorstep_pgwire::{Config, Service};
use tokio_postgres::{Client, NoTls};

pub(crate) struct Place {
    pub(crate) engine: LocalEngine,
    pub(crate) keys: Keys,
    pub(crate) admin: NewKey,
    pub(crate) at: std::net::SocketAddr,
    _folder: tempfile::TempDir,
    _stop: tokio::sync::oneshot::Sender<()>,
}

impl Place {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let migrations: Vec<_> = [doorstep_identity::MIGRATIONS, doorstep_lake::MIGRATIONS].concat();
        let store = doorstep_store::testing::memory(&migrations);
        let clock: SharedClock = Arc::new(SystemClock);
        let catalog = Catalog::new(store.clone(), Arc::clone(&clock));
        let tables = Arc::new(Tables::none(&folder.path().join("lake")).unwrap());
        let options = EngineOptions::new(folder.path().join("spill"), 2);
        let engine = LocalEngine::new(catalog, tables, Arc::clone(&clock), options).unwrap();
        let keys = Keys::new(store, clock);
        let admin = keys.ensure_admin().await.unwrap().unwrap();
        let mut config = Config { listen: ([127, 0, 0, 1], 0).into(), message_bytes: 1 << 20, ..Config::default() };
        change(&mut config);
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let service = Service::new(config, keys.clone(), engine.clone());
        let down = async move {
            let _ = stopped.await;
        };
        let at = service.start(down).await.unwrap().at;
        Self { engine, keys, admin, at, _folder: folder, _stop: stop }
    }

    pub(crate) fn url(&self, key: &NewKey, database: &str) -> String {
        let at = self.at;
        format!("postgres://{}:{}@{at}/{database}", key.access, key.secret)
    }

    pub(crate) async fn connect(&self) -> Client {
        self.connect_as(&self.admin, "default").await.unwrap()
    }

    pub(crate) async fn connect_as(&self, key: &NewKey, database: &str) -> Result<Client, tokio_postgres::Error> {
        let (client, connection) = tokio_postgres::connect(&self.url(key, database), NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// Waits until no query runs.
    pub(crate) async fn quiet(&self) {
        for _ in 0..500 {
            if self.engine.queries().is_empty() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("a query still runs");
    }
}

/// The five characters of an error.
pub(crate) fn state(error: &tokio_postgres::Error) -> String {
    error.code().map_or_else(|| error.to_string(), |code| code.code().to_owned())
}

/// A statement that does not end by itself.
pub(crate) const RUNAWAY: &str =
    "SELECT sum(a.value * b.value % 7) FROM generate_series(1, 10000000) a, generate_series(1, 10000000) b";
