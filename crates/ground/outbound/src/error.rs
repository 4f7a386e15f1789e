//! Why a request was not made, or came to nothing.

/// Refusals and failures.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// It is no address that can be asked.
    #[error("`{url}`: {reason}; {fix}")]
    BadUrl {
        /// The address, shortened.
        url: String,
        /// What is wrong.
        reason: String,
        /// What would be right.
        fix: &'static str,
    },
    /// The host is inside, and the operator does not allow it.
    #[error("`{0}` is not on the public Internet; the operator can allow it")]
    Inside(String),
    /// Nothing is known or reached under this name, or it sent no whole answer in time.
    #[error("`{host}` gave no answer: {reason}")]
    NoAnswer {
        /// The host.
        host: String,
        /// What happened.
        reason: String,
    },
    /// It answered more than is taken in.
    #[error("`{host}` answered more than {limit} bytes")]
    TooLarge {
        /// The host.
        host: String,
        /// The limit.
        limit: usize,
    },
    /// The client could not be made.
    #[error("no HTTP client: {0}")]
    Client(String),
}
