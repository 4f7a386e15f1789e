//! A lake of its own for a test, with a runner or the whole face on it.

use std::sync::Arc;

use doorstep_clock::{SharedClock, SystemClock};
use doorstep_hive::{Config, Service};
use doorstep_identity::{Keys, NewKey};
use doorstep_lake::{Catalog, EngineOptions, LocalEngine, Tables};

/// Everything in a folder that goes with it.
pub(crate) struct Place {
    pub(crate) engine: LocalEngine,
    pub(crate) keys: Keys,
    pub(crate) admin: NewKey,
    pub(crate) folder: tempfile::TempDir,
}

impl Place {
    pub(crate) async fn new() -> Self {
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
        Self { engine, keys, admin, folder }
    }

    /// A key of another tenant.
    pub(crate) async fn stranger(&self) -> NewKey {
        self.keys.create_tenant("other").await.unwrap()
    }

    /// The face on a free port, until the sender goes.
    pub(crate) async fn serve(&self) -> (std::net::SocketAddr, tokio::sync::oneshot::Sender<()>) {
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let config = Config { listen: ([127, 0, 0, 1], 0).into(), frame_bytes: 1 << 20, ..Config::default() };
        let service = Service::new(config, self.keys.clone(), self.engine.clone());
        let down = async move {
            let _ = stopped.await;
        };
        (service.start(down).await.unwrap().at, stop)
    }
}
