use std::time::SystemTime;

use crate::{json_struct, Json, ToJson};

json_struct! {
    /// A job to be enqueued in the transaction that commits this one.
    #[derive(Clone, Debug, PartialEq)]
    pub struct FollowUp {
        /// The executor class.
        pub class: String,
        /// What its executor is sent.
        pub payload: Option<Json>,
        /// Lower runs first; none: the class's own.
        pub priority: Option<i16>,
        /// None: now.
        pub run_at: Option<SystemTime>,
        /// None: every enqueue makes a job.
        pub idempotency_key: Option<String>,
    }

    #[derive(Clone, Debug)]
    pub(crate) struct Event {
        kind: String as "type",
        payload: Option<Json>,
        key: Option<String>,
    }

    #[derive(Clone, Debug)]
    pub(crate) struct Command {
        name: String,
        args: Option<Json>,
    }
}

impl FollowUp {
    /// A job of a class. The fields say more: `FollowUp { priority: Some(5), ..FollowUp::new("notify", payload) }`.
    pub fn new(class: impl Into<String>, payload: impl ToJson) -> FollowUp {
        FollowUp { class: class.into(), payload: Some(payload.to_json()), priority: None, run_at: None, idempotency_key: None }
    }
}

/// What a handler wants done.
#[derive(Default)]
pub(crate) struct Effects {
    events: Vec<Event>,
    enqueue: Vec<FollowUp>,
    commands: Vec<Command>,
}

impl Effects {
    pub fn enqueue(&mut self, job: FollowUp) {
        self.enqueue.push(job)
    }

    pub fn emit(&mut self, kind: &str, payload: impl ToJson, key: Option<&str>) {
        self.events.push(Event { kind: kind.into(), payload: present(payload), key: key.map(str::to_string) })
    }

    pub fn command(&mut self, name: &str, args: impl ToJson) {
        self.commands.push(Command { name: name.into(), args: present(args) })
    }

    /// What the host would refuse.
    pub fn check(&self) -> Result<(), &'static str> {
        match () {
            _ if self.events.iter().any(|e| e.kind.is_empty()) => Err("an event has no type"),
            _ if self.enqueue.iter().any(|f| f.class.is_empty()) => Err("a follow-up has no class"),
            _ if self.commands.iter().any(|c| c.name.is_empty()) => Err("a command has no name"),
            _ => Ok(()),
        }
    }

    /// The members of a result that are not empty.
    pub fn members(&self) -> Vec<(String, Json)> {
        let lists =
            [("events", self.events.to_json()), ("enqueue", self.enqueue.to_json()), ("commands", self.commands.to_json())];
        lists.into_iter().filter(|(_, list)| !list.elements().is_empty()).map(|(k, v)| (k.to_string(), v)).collect()
    }
}

fn present(value: impl ToJson) -> Option<Json> {
    match value.is_missing() {
        true => None,
        false => Some(value.to_json()),
    }
}
