//! Going down: one word that everybody hears.

use tokio::sync::watch;

/// Tells everybody who holds a clone that the process goes down.
#[derive(Clone, Debug)]
pub struct Shutdown(watch::Sender<bool>);

impl Default for Shutdown {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Shutdown {
    /// Says it. Saying it twice is the same as once.
    pub fn go_down(&self) {
        self.0.send_replace(true);
    }

    /// Whether it has been said.
    #[must_use]
    pub fn is_down(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is said.
    pub fn wait(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut said = self.0.subscribe();
        async move {
            // The sender lives in `self`; if every clone is gone there is nothing left to wait for.
            let _ = said.wait_for(|down| *down).await;
        }
    }
}

/// Waits for SIGTERM or SIGINT.
pub(crate) async fn asked_by_signal() -> std::io::Result<&'static str> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => Ok("SIGTERM"),
        _ = interrupt.recv() => Ok("SIGINT"),
    }
}
