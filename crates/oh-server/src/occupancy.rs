//! What live conversations occupy: ports for servers of their agents, and directories.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use oh_event::ConversationId;
use oh_session::Lease;

/// First ports of the two ranges, and how many there are in each.
const RANGES: [u16; 2] = [50_000, 55_000];
const RANGE_LENGTH: u16 = 5_000;

/// What live conversations occupy. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Occupancy(Arc<Mutex<HashMap<ConversationId, Occupied>>>);

#[derive(Debug, Clone)]
struct Occupied {
    ports: Vec<u16>,
    workspace: PathBuf,
}

/// A conversation's part; dropping it frees the ports and the directory.
#[derive(Debug)]
pub(crate) struct Place {
    all: Occupancy,
    id: ConversationId,
    pub(crate) ports: Vec<u16>,
    /// Another live conversation works in the same directory.
    pub(crate) is_shared: bool,
}

impl Lease for Place {}

impl Occupancy {
    /// Takes a directory and, if `wanted` are given, two ports: those, unless another conversation
    /// or another program has them.
    pub(crate) fn take(
        &self,
        id: &ConversationId,
        workspace: &Path,
        wanted: Option<[Option<u16>; 2]>,
    ) -> Place {
        let mut all = self.all();
        let is_taken = |port: u16| all.values().any(|other| other.ports.contains(&port));
        let is_usable = |port: &u16| !is_taken(*port) && is_free(*port);
        let mut ports = Vec::new();
        for (first, wanted) in RANGES.into_iter().zip(wanted.into_iter().flatten()) {
            let candidates = wanted.into_iter().chain(candidates(id, first));
            let is_new = |port: &u16| !ports.contains(port);
            let found = candidates.filter(is_new).find(is_usable);
            if wanted.is_some() && wanted != found {
                tracing::warn!(?wanted, ?found, %id, "the port for servers of the agent is in use");
            }
            ports.extend(found);
        }
        let is_shared = all.iter().any(|(other, it)| other != id && it.workspace == workspace);
        let occupied = Occupied { ports: ports.clone(), workspace: workspace.to_owned() };
        all.insert(id.clone(), occupied);
        drop(all);
        Place { all: self.clone(), id: id.clone(), ports, is_shared }
    }

    /// Returns the ports of a live conversation.
    pub(crate) fn ports(&self, id: &ConversationId) -> Vec<u16> {
        self.all().get(id).map(|occupied| occupied.ports.clone()).unwrap_or_default()
    }

    fn all(&self) -> MutexGuard<'_, HashMap<ConversationId, Occupied>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.all.all().remove(&self.id);
    }
}

/// The ports of a range, from one on that is the conversation's own: it finds the same again.
fn candidates(id: &ConversationId, first: u16) -> impl Iterator<Item = u16> {
    let mut hasher = DefaultHasher::new();
    id.as_str().hash(&mut hasher);
    let length = u64::from(RANGE_LENGTH);
    let start = hasher.finish() % length;
    (0..length).filter_map(move |step| {
        let offset = u16::try_from((start + step) % length).ok()?;
        Some(first + offset)
    })
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;

    fn id(text: &str) -> ConversationId {
        ConversationId::parse(text).unwrap()
    }

    #[test]
    fn ports_are_never_shared_and_found_again() {
        let all = Occupancy::default();
        let any = Some([None, None]);
        let first = all.take(&id("a"), Path::new("/a"), any);
        assert!((50_000..55_000).contains(&first.ports[0]), "{first:?}");
        assert!((55_000..60_000).contains(&first.ports[1]), "{first:?}");
        assert_eq!(all.ports(&id("a")), first.ports);
        let ports = first.ports.clone();
        let fixed = Some([Some(ports[0]), Some(ports[1])]);
        let second = all.take(&id("b"), Path::new("/b"), fixed);
        assert!(second.ports.iter().all(|port| !ports.contains(port)), "{second:?}");
        drop(first);
        assert!(all.ports(&id("a")).is_empty());
        assert_eq!(all.take(&id("a"), Path::new("/a"), any).ports, ports);
        drop(second);
        assert_eq!(all.take(&id("b"), Path::new("/b"), fixed).ports, ports);
        assert!(all.take(&id("c"), Path::new("/c"), None).ports.is_empty());
    }

    #[test]
    fn a_port_in_use_is_passed_over() {
        let all = Occupancy::default();
        let ports = all.take(&id("a"), Path::new("/a"), Some([None, None])).ports.clone();
        let _listener = TcpListener::bind(("127.0.0.1", ports[0])).unwrap();
        let again = all.take(&id("a"), Path::new("/a"), Some([None, Some(ports[0])]));
        assert_ne!(again.ports[0], ports[0]);
        assert_eq!(again.ports[1], ports[1]);
    }

    #[test]
    fn a_directory_of_two_is_noticed_by_the_second() {
        let all = Occupancy::default();
        let first = all.take(&id("a"), Path::new("/same"), None);
        assert!(!first.is_shared);
        assert!(all.take(&id("b"), Path::new("/same"), None).is_shared);
        assert!(!all.take(&id("c"), Path::new("/other"), None).is_shared);
        drop(first);
        assert!(!all.take(&id("b"), Path::new("/same"), None).is_shared);
    }
}
