//! Ending the foreground job when nobody waits for it any more.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::process::ShellProcess;
use crate::processes::{self, Process};

const TERMINATE_AFTER: Duration = Duration::from_secs(2);
const KILL_AFTER: Duration = Duration::from_secs(5);
/// A loop of the shell itself that ignores SIGINT ends only with the shell.
const KILL_SHELL_AFTER: Duration = Duration::from_millis(5500);
const POLL: Duration = Duration::from_millis(20);

/// A job on its way out: SIGINT, then SIGTERM, then SIGKILL, then the shell too.
#[derive(Debug)]
pub(super) struct Interrupt {
    pub(super) purpose: Purpose,
    began: Instant,
    job: HashSet<Process>,
    has_terminated: bool,
}

/// Why a job is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Who waited for the command is gone, and its output with it.
    GivenUp,
    /// It took too long; what came of it is told.
    TooLong,
}

impl Interrupt {
    /// Sends SIGINT to the job in the foreground.
    pub(super) fn begin(shell: &mut ShellProcess, purpose: Purpose) -> Self {
        shell.forget_input();
        let job = foreground_job(shell);
        if let Some(group) = shell.foreground_group().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::INT);
        }
        Self { purpose, began: Instant::now(), job, has_terminated: false }
    }

    /// Returns when to call [`Self::advance`] again.
    pub(super) fn wake(&self) -> Instant {
        Instant::now() + POLL
    }

    /// Goes on if the job still runs. Returns whether nothing of it is left.
    pub(super) fn advance(&mut self, shell: Option<&ShellProcess>, is_running: bool) -> bool {
        let age = self.began.elapsed();
        if is_running && let Some(shell) = shell {
            self.job.extend(foreground_job(shell));
        }
        self.job.retain(Process::is_alive);
        if self.job.is_empty() && !is_running {
            return true;
        }
        if age >= KILL_AFTER {
            self.signal(Signal::KILL);
        } else if age >= TERMINATE_AFTER && !self.has_terminated {
            self.has_terminated = true;
            self.signal(Signal::TERM);
        }
        if age >= KILL_SHELL_AFTER
            && is_running
            && let Some(process) = shell.and_then(ShellProcess::as_process)
        {
            process.signal(Signal::KILL);
        }
        false
    }

    fn signal(&self, signal: Signal) {
        for process in &self.job {
            process.signal(signal);
            process.signal(Signal::CONT);
        }
    }
}

/// Returns the processes in the foreground and what descends from them, without the shell.
fn foreground_job(shell: &ShellProcess) -> HashSet<Process> {
    let Some(group) = shell.foreground_group() else { return HashSet::new() };
    let all = processes::all();
    let roots = all
        .iter()
        .filter(|process| process.group == group && process.pid != shell.pid())
        .map(|process| process.pid)
        .collect();
    // Only what never changes, so that a process is the same at the next look.
    processes::with_descendants(&all, &roots)
        .into_iter()
        .filter(|process| !process.is_dead)
        .map(|process| Process { parent: 0, group: 0, leader: 0, ticks: 0, ..process })
        .collect()
}
