//! Looks after the processes inside: ends what takes too much, and buries the dead.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use oh_event::Observation;
use rustix::process::{Pid, Signal, WaitOptions, waitpid};

use crate::notebook::add_note;
use crate::processes::{self, Process, Reach};
use crate::sandbox::{Plan, ResourceLimits};

const PERIOD: Duration = Duration::from_millis(500);
/// While there are many processes, there may soon be too many.
const SHORT_PERIOD: Duration = Duration::from_millis(50);
const MIB: u64 = 1024 * 1024;
/// Notes that wait for the next observation.
const MAX_NOTES: usize = 8;

/// Watches all processes below this one until it is dropped.
#[derive(Debug)]
pub(super) struct Guard {
    notes: Notes,
    killer: Killer,
    task: tokio::task::JoinHandle<()>,
}

/// Ends everything inside; one at a time, so that nobody kills what comes after.
#[derive(Debug, Clone)]
pub(super) struct Killer {
    reach: Reach,
    turn: Arc<Mutex<()>>,
}

impl Killer {
    pub(super) fn kill_all(&self) {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        processes::kill_descendants(self.reach);
    }

    /// Ends everything if there are still more processes than `limit`.
    fn kill_above(&self, limit: usize) -> bool {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let all = processes::descendants(processes::own_pid());
        let is_above = all.iter().filter(|process| !process.is_dead).count() > limit;
        if is_above {
            processes::kill_descendants(self.reach);
        }
        is_above
    }
}

/// What was done to processes and must be told.
#[derive(Debug, Clone, Default)]
pub(super) struct Notes(Arc<Mutex<Vec<String>>>);

impl Guard {
    pub(super) fn start(plan: &Plan, reach: Reach) -> Self {
        let notes = Notes::default();
        let killer = Killer { reach, turn: Arc::default() };
        let watch = Watch {
            limits: plan.limits.clone(),
            workspace: plan.workspace_inside().to_owned(),
            notes: notes.clone(),
            killer: killer.clone(),
            dead: HashSet::new(),
            written: HashMap::new(),
        };
        Self { notes, killer, task: tokio::spawn(watch.run()) }
    }

    pub(super) fn killer(&self) -> Killer {
        self.killer.clone()
    }

    pub(super) fn notes(&self) -> Notes {
        self.notes.clone()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Notes {
    fn push(&self, note: String) {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if notes.len() < MAX_NOTES {
            notes.push(note);
        }
    }

    /// Adds the notes to the result of a command.
    pub(super) fn add_to(&self, observation: Observation) -> Observation {
        match observation {
            Observation::Run(mut run) => {
                let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                for note in notes.drain(..) {
                    run.metadata.suffix.push_str(&format!("\n[{note}]"));
                }
                Observation::Run(run)
            }
            Observation::RunIpython(mut cell) => {
                let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                for note in notes.drain(..) {
                    add_note(&mut cell.content, &note);
                }
                Observation::RunIpython(cell)
            }
            other => other,
        }
    }
}

struct Watch {
    limits: ResourceLimits,
    workspace: PathBuf,
    notes: Notes,
    killer: Killer,
    /// Children that were dead when last looked at.
    dead: HashSet<(i32, u64)>,
    /// What each process had written when last looked at.
    written: HashMap<i32, u64>,
}

impl Watch {
    async fn run(mut self) {
        let mut period = PERIOD;
        loop {
            tokio::time::sleep(period).await;
            let mut watch = self;
            let look = move || (watch.look(), watch);
            let Ok((count, back)) = tokio::task::spawn_blocking(look).await else { return };
            self = back;
            let is_many = count > self.limits.processes / 4;
            period = if is_many && self.limits.processes > 0 { SHORT_PERIOD } else { PERIOD };
        }
    }

    /// Returns how many processes there are.
    fn look(&mut self) -> u64 {
        let own = processes::own_pid();
        let all = processes::descendants(own);
        self.bury(own, &all);
        let alive: Vec<Process> = all.into_iter().filter(|process| !process.is_dead).collect();
        if alive.is_empty() {
            return 0;
        }
        self.limit_memory(&alive);
        self.limit_processes(&alive);
        self.keep_disk(&alive);
        alive.len() as u64
    }

    /// Takes the exit status of those whose parents are gone. Our own children are waited for
    /// elsewhere, and at once; who is still there at the second look is nobody's.
    fn bury(&mut self, own: i32, all: &[Process]) {
        processes::bury_members(all);
        let now: HashSet<(i32, u64)> = all
            .iter()
            .filter(|process| process.is_dead && process.parent == own)
            .map(|process| (process.pid, process.started))
            .collect();
        for (pid, _) in now.intersection(&self.dead) {
            let _ = waitpid(Pid::from_raw(*pid), WaitOptions::NOHANG);
        }
        self.dead = now;
    }

    fn limit_memory(&self, alive: &[Process]) {
        let limit = self.limits.memory_bytes;
        if limit == 0 {
            return;
        }
        let sizes: HashMap<i32, u64> =
            alive.iter().map(|process| (process.pid, process.memory_bytes())).collect();
        let mut total: u64 = sizes.values().sum();
        let mut largest: Vec<&Process> = alive.iter().collect();
        largest.sort_by_key(|process| std::cmp::Reverse(sizes[&process.pid]));
        for process in largest {
            if total <= limit {
                return;
            }
            let size = sizes[&process.pid];
            self.notes.push(format!(
                "Process {} ({}) was killed: the processes of this conversation used more than {} MiB of memory, the limit (sandbox.memory_limit_mb); it used {} MiB.",
                process.pid,
                process.name(),
                limit / MIB,
                size / MIB,
            ));
            process.signal(Signal::KILL);
            total = total.saturating_sub(size);
        }
    }

    /// The kernel refuses more processes, but not everywhere.
    fn limit_processes(&self, alive: &[Process]) {
        let limit = usize::try_from(self.limits.processes).unwrap_or(usize::MAX);
        if limit == 0 || alive.len() <= limit {
            return;
        }
        if self.killer.kill_above(limit) {
            self.notes.push(format!(
                "The processes of this conversation were killed: there were more than {limit}, the limit (sandbox.process_limit)."
            ));
        }
    }

    fn keep_disk(&mut self, alive: &[Process]) {
        let reserve = self.limits.disk_reserve_bytes;
        if reserve == 0 {
            return;
        }
        let now: HashMap<i32, u64> =
            alive.iter().map(|process| (process.pid, process.written_bytes())).collect();
        let before = std::mem::replace(&mut self.written, now);
        let Ok(disk) = rustix::fs::statvfs(&self.workspace) else { return };
        if disk.f_bavail.saturating_mul(disk.f_frsize) >= reserve {
            return;
        }
        for process in alive {
            let before = before.get(&process.pid).copied().unwrap_or(0);
            if self.written.get(&process.pid).is_some_and(|now| now - before.min(*now) > MIB) {
                self.notes.push(format!(
                    "Process {} ({}) was killed: less than {} MiB were left on the disk (sandbox.disk_reserve_mb). Remove what is not needed.",
                    process.pid,
                    process.name(),
                    reserve / MIB
                ));
                process.signal(Signal::KILL);
            }
        }
    }
}
