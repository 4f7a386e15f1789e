//! A city's events, read from the journal once and handed to everybody who follows a single order.

use std::sync::Arc;

use doorstep_journal::{Journal, JournalError, Record};
use tokio::sync::broadcast;

use crate::node::Shutdown;

/// Records that a slow follower may lag behind before it has to look into the store again.
const KEPT: usize = 1024;
/// Records read from the journal at once.
pub(crate) const READ: usize = 256;

/// A city's events from now on.
#[derive(Clone)]
pub(crate) struct Feed(broadcast::Sender<Arc<Record>>);

impl Feed {
    /// Follows the stream until the process goes down.
    pub(crate) fn start(journal: Journal, stream: String, shutdown: Shutdown) -> Self {
        let (sender, _) = broadcast::channel(KEPT);
        let feed = Self(sender.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = follow(journal, &stream, &sender) => {}
                () = shutdown.wait() => {}
            }
        });
        feed
    }

    /// Everything from this moment on.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Arc<Record>> {
        self.0.subscribe()
    }
}

async fn follow(journal: Journal, stream: &str, sender: &broadcast::Sender<Arc<Record>>) {
    let mut news = match journal.subscribe(stream) {
        Ok(news) => news,
        Err(error) => return tracing::error!(stream, %error, "a city's events cannot be followed"),
    };
    let mut seen = journal.last(stream);
    loop {
        match read(&journal, stream, seen).await {
            Ok(records) => {
                for record in records {
                    seen = record.seq;
                    // Nobody follows at the moment: nothing to do.
                    let _ = sender.send(Arc::new(record));
                }
            }
            Err(error) => {
                tracing::warn!(stream, %error, "a city's events cannot be read; trying again");
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            }
        }
        if *news.borrow_and_update() <= seen && news.changed().await.is_err() {
            return;
        }
    }
}

/// The records after `seen`, off the runtime's threads: they may come from disk.
pub(crate) async fn read(journal: &Journal, stream: &str, seen: u64) -> Result<Vec<Record>, JournalError> {
    let (journal, stream) = (journal.clone(), stream.to_owned());
    match tokio::task::spawn_blocking(move || journal.read(&stream, seen, READ)).await {
        Ok(records) => records,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}
