use std::fmt::{self, Display};
use std::time::Duration;

use crate::{Json, ToJson};

/// What a handler returns.
pub type Result<T> = std::result::Result<T, Error>;

/// Why an attempt failed, and what should become of the job. Any other error
/// becomes one by `?`, and means: try again later.
#[derive(Clone, Debug)]
pub struct Error {
    pub(crate) verdict: Verdict,
    pub(crate) code: Option<String>,
    pub(crate) message: String,
    pub(crate) detail: Option<Json>,
}

#[derive(Clone, Debug)]
pub(crate) enum Verdict {
    Retry(Duration),
    Fail,
    Park(Option<Json>),
}

impl Error {
    fn new(verdict: Verdict, cause: impl Display) -> Error {
        Error { verdict, code: None, message: cause.to_string(), detail: None }
    }

    /// Worth another attempt, after the class's backoff.
    pub fn retry(cause: impl Display) -> Error {
        Error::new(Verdict::Retry(Duration::ZERO), cause)
    }

    /// Worth another attempt, but not before some time has passed.
    pub fn retry_after(cause: impl Display, wait: Duration) -> Error {
        Error::new(Verdict::Retry(wait), cause)
    }

    /// Beyond help: the job goes straight to the dead letters.
    pub fn permanent(cause: impl Display) -> Error {
        Error::new(Verdict::Fail, cause)
    }

    /// Parks the job until a person, a child or a signal resumes it. The effects
    /// are committed with the parking.
    pub fn park() -> Error {
        Error::new(Verdict::Park(None), "parked")
    }

    /// Parks the job with an output.
    pub fn park_with(output: impl ToJson) -> Error {
        Error::new(Verdict::Park(Some(output.to_json())), "parked")
    }

    /// Names the failure, for the retry policy and for the operator.
    pub fn with_code(mut self, code: impl Into<String>) -> Error {
        self.code = Some(code.into());
        self
    }

    /// Says more about the failure, as JSON.
    pub fn with_detail(mut self, detail: impl ToJson) -> Error {
        self.detail = Some(detail.to_json());
        self
    }

    /// The name of the failure.
    pub fn code(&self) -> &str {
        self.code.as_deref().unwrap_or("handler_error")
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Names the whole chain of causes. That is why [`Error`] is no
/// `std::error::Error` itself: it would be its own source.
impl<E: std::error::Error> From<E> for Error {
    fn from(cause: E) -> Error {
        let mut message = cause.to_string();
        let mut source = cause.source();
        while let Some(deeper) = source {
            message += &format!(": {}", deeper);
            source = deeper.source();
        }
        Error::retry(message)
    }
}
