//! How often a key may ask: a leaky bucket (GCRA) per key, told in headers on every answer.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use governor::{
    Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DashMapStateStore,
};

use super::problem::{Code, Problem};
use crate::{config::Limits, node::metrics::RATE_LIMITED};

type Buckets = RateLimiter<String, DashMapStateStore<String>, DefaultClock, StateInformationMiddleware>;

/// One bucket per key.
#[derive(Clone)]
pub(crate) struct RateLimit {
    buckets: Arc<Buckets>,
    burst: u32,
    per_s: u32,
}

/// What is left in the bucket after a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Left {
    burst: u32,
    per_s: u32,
    remaining: u32,
}

impl RateLimit {
    pub(crate) fn new(limits: &Limits) -> Self {
        let at_least_one = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(at_least_one(limits.requests_per_s)).allow_burst(at_least_one(limits.burst));
        Self {
            buckets: Arc::new(RateLimiter::dashmap(quota).with_middleware()),
            burst: limits.burst,
            per_s: limits.requests_per_s,
        }
    }

    /// Takes one request out of the key's bucket.
    pub(crate) fn take(&self, key: &str) -> Result<Left, Problem> {
        match self.buckets.check_key(&key.to_owned()) {
            Ok(state) => Ok(Left { burst: self.burst, per_s: self.per_s, remaining: state.remaining_burst_capacity() }),
            Err(until) => {
                let wait = until.wait_time_from(DefaultClock::default().now());
                metrics::counter!(RATE_LIMITED).increment(1);
                Err(Problem::new(
                    Code::RateLimited,
                    format!("this key may make {} requests a second, {} at once", self.per_s, self.burst),
                )
                .retry_after(wait.as_secs_f64().ceil().max(1.0) as u64))
            }
        }
    }

    /// Forgets keys whose buckets are full again; called now and then.
    pub(crate) fn forget_quiet_keys(&self) {
        self.buckets.retain_recent();
        self.buckets.shrink_to_fit();
    }
}

/// How often [`RateLimit::forget_quiet_keys`] is worth it.
pub(crate) const FORGET_EVERY: Duration = Duration::from_secs(60);

impl Left {
    /// `RateLimit-Limit`, `-Remaining`, `-Reset` (seconds until the bucket is full).
    pub(crate) fn write(self, headers: &mut HeaderMap) {
        let reset = f64::from(self.burst - self.remaining.min(self.burst)) / f64::from(self.per_s.max(1));
        headers.insert(HeaderName::from_static("ratelimit-limit"), HeaderValue::from(self.burst));
        headers.insert(HeaderName::from_static("ratelimit-remaining"), HeaderValue::from(self.remaining));
        headers.insert(HeaderName::from_static("ratelimit-reset"), HeaderValue::from(reset.ceil() as u64));
    }
}
