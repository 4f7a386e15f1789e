//! Why something is not fetched.

/// A refusal or a failure.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No address that is fetched from.
    #[error("`{url}` is no address to fetch from: {reason}")]
    Address {
        /// What was given, cut.
        url: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// An address of the own network, or of nobody.
    #[error("`{host}` is not a public address")]
    Private {
        /// The name or address.
        host: String,
    },
    /// Too many redirects.
    #[error("it redirects more than {most} times")]
    Redirects {
        /// How often it may.
        most: usize,
    },
    /// Not the answer that was hoped for.
    #[error("it was answered with {status}")]
    Status {
        /// HTTP's number.
        status: u16,
    },
    /// Too large.
    #[error("it is larger than {most} bytes")]
    TooLarge {
        /// How large it may be.
        most: usize,
    },
    /// Too slow.
    #[error("it did not come within {seconds} s")]
    TooSlow {
        /// How long it may take.
        seconds: u64,
    },
    /// The connection failed.
    #[error("it cannot be fetched: {0}")]
    Failed(String),
}
