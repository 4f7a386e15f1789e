//! Equal requests at the same time are one piece of work: the first begins it, the others wait for its outcome.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::PictureError;
use crate::key::Key;
use crate::picture::Picture;

/// What a piece of work comes to, for all who wait.
pub(crate) type Outcome = Result<Picture, Arc<PictureError>>;
type Sender = watch::Sender<Option<Outcome>>;

/// The work that is under way.
#[derive(Default)]
pub(crate) struct Flights(Mutex<HashMap<Key, Sender>>);

/// Tells a piece of work whether anybody still waits for it.
#[derive(Clone)]
pub(crate) struct Interest(Sender);

impl Interest {
    pub(crate) fn is_lost(&self) -> bool {
        self.0.receiver_count() == 0
    }
}

/// Takes the work off the list, however it ends.
struct Landed<'a>(&'a Flights, Key);

impl Drop for Landed<'_> {
    fn drop(&mut self) {
        self.0.0.lock().remove(&self.1);
    }
}

impl Flights {
    /// The outcome of `work` for this key, begun here or by somebody before; and whether it had been begun. Work that
    /// was begun goes on when its beginner goes away.
    pub(crate) async fn join<W, F>(self: &Arc<Self>, key: Key, work: W) -> (Outcome, bool)
    where
        W: FnOnce(Interest) -> F,
        F: Future<Output = Outcome> + Send + 'static,
    {
        let (mut outcome, joined) = {
            let mut open = self.0.lock();
            match open.get(&key) {
                Some(sender) => (sender.subscribe(), true),
                None => {
                    let (sender, receiver) = watch::channel(None);
                    open.insert(key, sender.clone());
                    let (flights, work) = (Arc::clone(self), work(Interest(sender.clone())));
                    tokio::spawn(async move {
                        let landed = Landed(&flights, key);
                        let outcome = work.await;
                        // First off the list, then told: whoever comes in between begins anew or is told as well.
                        drop(landed);
                        sender.send_replace(Some(outcome));
                    });
                    (receiver, false)
                }
            }
        };
        let told = match outcome.wait_for(Option::is_some).await {
            Ok(told) => told.clone(),
            Err(_) => None,
        };
        let lost = || Err(Arc::new(PictureError::Internal("the work on the picture broke off")));
        (told.unwrap_or_else(lost), joined)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Notify;

    use super::*;
    use crate::picture::About;

    fn picture() -> Picture {
        let (media_type, extension) = ("image/png".to_owned(), "png".to_owned());
        Picture { body: "x".into(), about: About { media_type, extension, width: 1, height: 1, frames: 1 } }
    }

    #[tokio::test]
    async fn one_piece_of_work_for_all() {
        let (flights, begun, go) =
            (Arc::new(Flights::default()), Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let ask = || {
            let (flights, begun, go) = (Arc::clone(&flights), Arc::clone(&begun), Arc::clone(&go));
            tokio::spawn(async move {
                let work = |_| async move {
                    begun.fetch_add(1, Ordering::SeqCst);
                    go.notified().await;
                    Ok(picture())
                };
                flights.join(Key::of(["a"]), work).await
            })
        };
        let asked: Vec<_> = (0..20).map(|_| ask()).collect();
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        go.notify_one();
        let mut joined = 0;
        for one in asked {
            let (outcome, was_joined) = one.await.unwrap();
            assert_eq!(outcome.unwrap(), picture());
            joined += usize::from(was_joined);
        }
        assert_eq!((begun.load(Ordering::SeqCst), joined), (1, 19));
        assert!(flights.0.lock().is_empty());
    }

    #[tokio::test]
    async fn a_panic_ends_in_an_error_and_is_forgotten() {
        let flights = Arc::new(Flights::default());
        let (outcome, _) = flights.join(Key::of(["a"]), |_| async { panic!("on purpose") }).await;
        assert_eq!(outcome.unwrap_err().reason(), "internal");
        let (outcome, joined) = flights.join(Key::of(["a"]), |_| async { Ok(picture()) }).await;
        assert!(outcome.is_ok() && !joined);
    }

    #[tokio::test]
    async fn nobody_waits_any_more() {
        let flights = Arc::new(Flights::default());
        let (told, lost) = tokio::sync::oneshot::channel();
        let beginner = Arc::clone(&flights);
        let asked = tokio::spawn(async move {
            let work = |interest: Interest| async move {
                while !interest.is_lost() {
                    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                }
                told.send(()).unwrap();
                Ok(picture())
            };
            beginner.join(Key::of(["a"]), work).await
        });
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        asked.abort();
        lost.await.unwrap();
    }
}
