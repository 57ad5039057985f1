use std::time::SystemTime;

use crate::effects::Effects;
use crate::{Error, FollowUp, FromJson, Json, Result, ToJson};

/// One attempt at one job, as the handler sees it.
pub struct Call {
    /// Which attempt at which job.
    pub job: Job,
    /// Of the attempt's span, to pass on to what the handler calls.
    pub trace: Trace,
    /// What the operator wrote into the class row; [`Call::config`] reads it by type.
    pub raw_config: Option<Json>,
    pub(crate) effects: Effects,
}

/// Which attempt at which job. Times are the database's.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Of the job.
    pub id: i64,
    /// The executor class.
    pub class: String,
    /// Numbered from 1.
    pub attempt: i64,
    /// The attempt with this number is the last.
    pub max_attempts: i64,
    /// When the job was asked for.
    pub enqueued_at: SystemTime,
    /// When the host stops the attempt.
    pub deadline: SystemTime,
    /// The enqueuer's.
    pub idempotency_key: Option<String>,
}

/// A W3C trace context, as header values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// Names the attempt's own span.
    pub traceparent: String,
    /// May be empty.
    pub tracestate: String,
}

impl Call {
    /// The config of the class row, by type.
    pub fn config<C: FromJson>(&self) -> Result<C> {
        let read = self.raw_config.clone().map_or_else(C::missing, C::from_json);
        read.map_err(|m| Error::retry(format!("the class's config is not what the handler takes: {}", m)))
    }

    /// Asks for a follow-up job. Like every effect it is committed together with
    /// this job, and dropped when the handler returns an error (but for [`Error::park`]).
    pub fn enqueue(&mut self, job: FollowUp) {
        self.effects.enqueue(job)
    }

    /// Asks for a registered Postgres function to run in the transaction that
    /// commits this job.
    pub fn command(&mut self, name: &str, args: impl ToJson) {
        self.effects.command(name, args)
    }

    /// Asks for an event of a registered type. Consumers see the events of one
    /// key in order.
    pub fn emit(&mut self, kind: &str, payload: impl ToJson, key: Option<&str>) {
        self.effects.emit(kind, payload, key)
    }
}
