//! Requests to cancel come on connections of their own: which session they mean is found here.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;

type Sessions = Arc<Mutex<HashMap<i32, ([u8; 4], watch::Sender<u64>)>>>;

/// All sessions by their process number. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Cancels {
    sessions: Sessions,
}

/// A session's place among them, until it is dropped.
pub(crate) struct Place {
    /// Its number and its secret, as its client is told.
    pub(crate) process: i32,
    pub(crate) secret: [u8; 4],
    /// Counts the requests.
    pub(crate) asked: watch::Receiver<u64>,
    sessions: Sessions,
}

impl Cancels {
    /// A place with a number that is free and a secret that is drawn.
    pub(crate) fn enter(&self) -> Result<Place, getrandom::Error> {
        let (mut secret, mut number) = ([0; 4], [0; 4]);
        getrandom::fill(&mut secret)?;
        let (sender, asked) = watch::channel(0);
        let mut sessions = self.sessions.lock();
        let process = loop {
            getrandom::fill(&mut number)?;
            let drawn = i32::from_be_bytes(number) & i32::MAX;
            if drawn != 0 && !sessions.contains_key(&drawn) {
                break drawn;
            }
        };
        sessions.insert(process, (secret, sender));
        drop(sessions);
        Ok(Place { process, secret, asked, sessions: Arc::clone(&self.sessions) })
    }

    /// Calls off what a session runs; whether there is one with this secret.
    pub(crate) fn cancel(&self, process: i32, secret: &[u8]) -> bool {
        let sessions = self.sessions.lock();
        let found = sessions.get(&process).filter(|(known, _)| {
            // Every byte is looked at, so that time tells nothing.
            known.len() == secret.len() && known.iter().zip(secret).fold(0, |odd, (a, b)| odd | (a ^ b)) == 0
        });
        found.inspect(|(_, asked)| asked.send_modify(|count| *count += 1)).is_some()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.sessions.lock().remove(&self.process);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_who_knows_the_secret_cancels() {
        let cancels = Cancels::default();
        let place = cancels.enter().unwrap();
        let wrong = place.secret.map(|b| b ^ 1);
        assert!(!cancels.cancel(place.process, &wrong));
        assert!(!cancels.cancel(place.process, &[]));
        assert!(!place.asked.has_changed().unwrap());
        assert!(cancels.cancel(place.process, &place.secret));
        assert!(place.asked.has_changed().unwrap());
        let (process, secret) = (place.process, place.secret);
        drop(place);
        assert!(!cancels.cancel(process, &secret));
    }
}
