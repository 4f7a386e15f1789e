//! How slowly an upload may come before its place goes to somebody else.
//!
//! A limit on silence alone lets a byte a minute hold a place for ever. So an upload earns its time: it has one of
//! grace, and each byte that came buys a little more. Only the time spent waiting for the sender counts, not the
//! disk's.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::{Stream, StreamExt as _};

use crate::{BodyError, ObjectsError};

/// What an upload has to keep to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// It is given up when it sends nothing for this long.
    pub idle: Duration,
    /// Time that it has whatever it sends.
    pub grace: Duration,
    /// Bytes that buy another second; 0 bounds nothing but silence.
    pub bytes_per_s: u64,
}

impl Default for Pace {
    /// A minute of silence, and 1 KiB a second behind the first minute: less than the slowest of mobile networks.
    fn default() -> Self {
        Self { idle: Duration::from_secs(60), grace: Duration::from_secs(60), bytes_per_s: 1024 }
    }
}

impl Pace {
    /// How long the next bytes may be waited for, once `bytes` came and `waited` was spent on waiting for them.
    #[must_use]
    pub fn patience(&self, bytes: u64, waited: Duration) -> Duration {
        if self.bytes_per_s == 0 {
            return self.idle;
        }
        let (seconds, rest) = (bytes / self.bytes_per_s, bytes % self.bytes_per_s);
        let earned = Duration::from_secs(seconds) + Duration::from_secs_f64(rest as f64 / self.bytes_per_s as f64);
        self.grace.saturating_add(earned).saturating_sub(waited).min(self.idle)
    }
}

/// An upload's account: what came, and what waiting for it took.
#[derive(Clone, Debug)]
pub struct Paced {
    pace: Pace,
    bytes: u64,
    waited: Duration,
    /// When the waiting under way began.
    since: Option<Instant>,
}

impl Paced {
    /// Nothing came yet.
    #[must_use]
    pub const fn new(pace: Pace) -> Self {
        Self { pace, bytes: 0, waited: Duration::ZERO, since: None }
    }

    /// How many bytes came.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// A wait begins, or goes on. Returns how much longer it may take from its beginning.
    pub fn wait(&mut self) -> Duration {
        self.since.get_or_insert_with(doorstep_clock::monotonic);
        self.pace.patience(self.bytes, self.waited)
    }

    /// The wait is over: so many bytes came.
    pub fn came(&mut self, bytes: u64) {
        self.waited += self.since.take().map_or(Duration::ZERO, |since| since.elapsed());
        self.bytes += bytes;
    }

    /// Why it is given up, when the wait was in vain.
    #[must_use]
    pub fn refusal(&mut self) -> ObjectsError {
        let silence = self.since.map_or(Duration::ZERO, |since| since.elapsed());
        self.came(0);
        if silence >= self.pace.idle {
            return ObjectsError::BodyTimeout { seconds: self.pace.idle.as_secs() };
        }
        let (received, seconds, least) = (self.bytes, self.waited.as_secs(), self.pace.bytes_per_s);
        ObjectsError::BodyTooSlow { received, seconds, least }
    }

    /// The next piece of a body, if it comes in time; nothing at its end.
    ///
    /// # Errors
    /// [`ObjectsError::BodyTimeout`], [`ObjectsError::BodyTooSlow`], or [`ObjectsError::Body`] where it breaks off.
    pub async fn next<S>(&mut self, body: &mut S) -> Result<Option<Bytes>, ObjectsError>
    where
        S: Stream<Item = Result<Bytes, BodyError>> + Unpin,
    {
        let patience = self.wait();
        match tokio::time::timeout(patience, body.next()).await {
            Err(_) => Err(self.refusal()),
            Ok(piece) => {
                let piece = piece.transpose().map_err(ObjectsError::Body)?;
                self.came(piece.as_ref().map_or(0, |piece| piece.len() as u64));
                Ok(piece)
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use futures::stream;

    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn bytes_buy_time() {
        let pace = Pace { idle: S(60), grace: S(90), bytes_per_s: 100 };
        assert_eq!(pace.patience(0, S(0)), S(60), "silence is bounded first");
        assert_eq!(pace.patience(0, S(80)), S(10));
        assert_eq!(pace.patience(150, S(80)), Duration::from_millis(11_500));
        assert_eq!(pace.patience(0, S(91)), S(0));
        assert_eq!(pace.patience(u64::MAX, S(100)), S(60));
        // A byte every 59 seconds: it ends within its grace.
        let (mut waited, mut bytes) = (S(0), 0);
        while pace.patience(bytes, waited) >= S(59) {
            waited += S(59);
            bytes += 1;
        }
        assert!(bytes <= 2, "{bytes}");
        assert_eq!(Pace { bytes_per_s: 0, ..pace }.patience(1, S(1 << 40)), S(60));
    }

    proptest::proptest! {
        #[test]
        fn who_keeps_the_rate_is_never_given_up(rate in 1_u64..1 << 30, seconds in 0_u64..1 << 20, extra in 0_u64..1 << 20) {
            let pace = Pace { idle: S(60), grace: S(30), bytes_per_s: rate };
            proptest::prop_assert!(pace.patience(rate * seconds + extra, S(seconds)) >= S(30));
        }
    }

    #[tokio::test]
    async fn a_trickle_ends_and_a_river_does_not() {
        let pace = Pace { idle: S(10), grace: Duration::from_millis(200), bytes_per_s: 1 << 20 };
        let trickle = stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Some((Ok::<_, BodyError>(Bytes::from_static(b"x")), ()))
        });
        let (mut trickle, mut paced) = (Box::pin(trickle), Paced::new(pace));
        let refused = loop {
            match paced.next(&mut trickle).await {
                Ok(piece) => assert_eq!(piece.unwrap(), "x"),
                Err(error) => break error,
            }
        };
        assert!(
            matches!(refused, ObjectsError::BodyTooSlow { received: 1..=20, least, .. } if least == 1 << 20),
            "{refused}"
        );
        let river = stream::unfold(0, |n| async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            (n < 20).then(|| (Ok::<_, BodyError>(Bytes::from(vec![0; 200_000])), n + 1))
        });
        let (mut river, mut paced) = (Box::pin(river), Paced::new(pace));
        while paced.next(&mut river).await.unwrap().is_some() {}
        let silence = Pace { idle: Duration::from_millis(20), ..pace };
        let refused = Paced::new(silence).next(&mut stream::pending::<Result<Bytes, BodyError>>()).await.unwrap_err();
        assert_eq!(refused.as_str(), "body_timeout");
    }
}
