//! What this peer has seen and served, and how a command waits for it.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Mutex,
    time::Duration,
};

use libp2p::PeerId;
use serde_json::Value;
use tokio::{sync::Notify, time::timeout};

/// How long a command waits for what the other side does.
pub const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Default)]
pub struct Known {
    pub connected: HashSet<PeerId>,
    /// What identify or a push said last.
    pub seen: HashMap<PeerId, Value>,
    /// Round trips since the connection began, in milliseconds.
    pub pings: HashMap<PeerId, Vec<f64>>,
    /// Streams of a protocol of ours that came to their end.
    pub served: HashMap<String, VecDeque<Value>>,
}

#[derive(Default)]
pub struct State {
    known: Mutex<Known>,
    changed: Notify,
}

impl State {
    pub fn change(&self, change: impl FnOnce(&mut Known)) {
        change(&mut self.known.lock().unwrap());
        self.changed.notify_waiters();
    }

    /// Waits until `look` finds something.
    pub async fn until<T>(&self, what: &str, mut look: impl FnMut(&mut Known) -> Option<T>) -> Result<T, String> {
        within(what, async {
            loop {
                let changed = self.changed.notified();
                if let Some(found) = look(&mut self.known.lock().unwrap()) {
                    return Ok(found);
                }
                changed.await;
            }
        })
        .await
    }
}

pub async fn within<T>(what: &str, work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    timeout(PATIENCE, work).await.unwrap_or_else(|_| Err(format!("waited {PATIENCE:?} for {what}")))
}
