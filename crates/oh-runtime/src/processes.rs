//! The processes of this machine, as `/proc` shows them.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitOptions, kill_process, kill_process_group, waitpid};

/// Names a conversation in the environment of each of its processes.
pub(crate) const MARKER_VARIABLE: &str = "OPENHANDS_SESSION_MARKER";

const KILL_ROUNDS: usize = 200;
/// So few processes are killed without being stopped first.
const FEW: usize = 50;
/// Longest line of parents that is followed.
const MAX_ANCESTORS: usize = 1000;
const KILL_PAUSE: Duration = Duration::from_millis(5);

/// One process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Process {
    pub(crate) pid: i32,
    pub(crate) parent: i32,
    pub(crate) group: i32,
    /// The process that began the session this one is in; not the conversation.
    pub(crate) leader: i32,
    pub(crate) is_dead: bool,
    pub(crate) is_stopped: bool,
    /// Time used on the processors, that of ended children included, in units of 10 ms.
    pub(crate) ticks: u64,
    /// Tells it from a later process with the same number.
    pub(crate) started: u64,
}

impl Process {
    /// Reads the process `pid`, or `None` if there is none.
    pub(crate) fn read(pid: i32) -> Option<Self> {
        let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
        Self::parse(pid, &String::from_utf8_lossy(&stat))
    }

    fn parse(pid: i32, stat: &str) -> Option<Self> {
        // The name, in parentheses, may hold anything.
        let fields: Vec<&str> = stat[stat.rfind(')')? + 1..].split_ascii_whitespace().collect();
        let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
        Some(Self {
            pid,
            parent: fields.get(1)?.parse().ok()?,
            group: fields.get(2)?.parse().ok()?,
            leader: fields.get(3)?.parse().ok()?,
            is_dead: matches!(*fields.first()?, "Z" | "X"),
            is_stopped: matches!(*fields.first()?, "T" | "t"),
            ticks: (11..=14).map(number).sum::<Option<u64>>()?,
            started: number(19)?,
        })
    }

    /// Says whether this very process still runs.
    pub(crate) fn is_alive(&self) -> bool {
        Self::read(self.pid).is_some_and(|now| now.started == self.started && !now.is_dead)
    }

    /// Sends `signal` unless the process has ended.
    pub(crate) fn signal(&self, signal: Signal) {
        if self.is_alive()
            && let Some(pid) = Pid::from_raw(self.pid)
        {
            let _ = kill_process(pid, signal);
        }
    }

    /// Returns the memory that only this process uses, in bytes, or a little more.
    pub(crate) fn memory_bytes(&self) -> u64 {
        let statm =
            std::fs::read_to_string(format!("/proc/{}/statm", self.pid)).unwrap_or_default();
        let mut pages = statm.split(' ').skip(1).map(|pages| pages.parse::<u64>().unwrap_or(0));
        let (resident, shared) = (pages.next().unwrap_or(0), pages.next().unwrap_or(0));
        resident.saturating_sub(shared) * rustix::param::page_size() as u64
    }

    /// Returns what the process has written to disks, in bytes.
    pub(crate) fn written_bytes(&self) -> u64 {
        let io = std::fs::read_to_string(format!("/proc/{}/io", self.pid)).unwrap_or_default();
        let line = io.lines().find_map(|line| line.strip_prefix("wchar: "));
        line.and_then(|count| count.parse().ok()).unwrap_or(0)
    }

    /// Returns the name of its program.
    pub(crate) fn name(&self) -> String {
        let name = std::fs::read_to_string(format!("/proc/{}/comm", self.pid)).unwrap_or_default();
        name.trim_end().to_owned()
    }

    /// Returns what people know it by: its command line and its number.
    fn description(&self) -> String {
        format!("{} (process {})", self.command_line(), self.pid)
    }

    /// Returns its command line, shortened, without what would control a terminal.
    pub(crate) fn command_line(&self) -> String {
        const LENGTH: usize = 100;
        let line = std::fs::read(format!("/proc/{}/cmdline", self.pid)).unwrap_or_default();
        let words: String =
            String::from_utf8_lossy(&line).trim_end_matches('\0').replace('\0', " ");
        let mut text: String =
            words.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LENGTH).collect();
        if text.is_empty() {
            text = self.name();
        }
        text
    }

    /// Says whether the process sleeps until a terminal has input.
    pub(crate) fn waits_for_terminal(&self) -> bool {
        let Ok(call) = std::fs::read_to_string(format!("/proc/{}/syscall", self.pid)) else {
            return false;
        };
        awaited_descriptor(&call).is_some_and(|descriptor| {
            std::fs::read_link(format!("/proc/{}/fd/{descriptor}", self.pid)).is_ok_and(|target| {
                target.starts_with("/dev/pts") || target.starts_with("/dev/tty")
            })
        })
    }
}

/// Returns the descriptor that a process reads or selects, by its line in `/proc/*/syscall`.
fn awaited_descriptor(call: &str) -> Option<u64> {
    // Numbers of `read`, `select` and `pselect6`; aarch64 has no `select`.
    let (read, selects): (&str, &[&str]) =
        if cfg!(target_arch = "aarch64") { ("63", &["72"]) } else { ("0", &["23", "270"]) };
    let mut words = call.split_ascii_whitespace();
    let number = words.next()?;
    let argument = u64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok()?;
    if number == read {
        return Some(argument);
    }
    // The first argument is one more than the highest descriptor: 1 leaves only descriptor 0.
    (selects.contains(&number) && argument == 1).then_some(0)
}

/// Returns all processes that can be seen.
pub(crate) fn all() -> Vec<Process> {
    pids().filter_map(Process::read).collect()
}

fn pids() -> impl Iterator<Item = i32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// Returns those of `processes` that are in `roots` or descend from one that is.
pub(crate) fn with_descendants(processes: &[Process], roots: &HashSet<i32>) -> Vec<Process> {
    let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
    for process in processes {
        children.entry(process.parent).or_default().push(process.pid);
    }
    let mut found = HashSet::new();
    let mut open: Vec<i32> = roots.iter().copied().collect();
    while let Some(pid) = open.pop() {
        if found.insert(pid) {
            open.extend(children.get(&pid).into_iter().flatten());
        }
    }
    processes.iter().filter(|process| found.contains(&process.pid)).copied().collect()
}

/// Kills every process that carries `marker` or descends from one that does, until none is left.
///
/// Blocks for some milliseconds.
pub(crate) fn kill_session(marker: &str) {
    kill_all(|| session_processes(|value| value == marker));
}

/// Returns the processes that carry `marker` or descend from one that does.
pub(crate) fn of_session(marker: &str) -> Vec<Process> {
    session_processes(|value| value == marker)
}

/// Returns the processes that descend from this one and have not ended.
pub(crate) fn own_descendants(_: &str) -> Vec<Process> {
    let mut found = descendants(own_pid());
    found.retain(|process| !process.is_dead);
    found
}

/// Takes out `roots` and everything below them.
pub(crate) fn without_trees(mut processes: Vec<Process>, roots: &[Process]) -> Vec<Process> {
    let mut gone: HashSet<i32> = roots.iter().map(|root| root.pid).collect();
    loop {
        let before = processes.len();
        processes.retain(|process| {
            let is_below = gone.contains(&process.pid) || gone.contains(&process.parent);
            if is_below {
                gone.insert(process.pid);
            }
            !is_below
        });
        if processes.len() == before {
            return processes;
        }
    }
}

/// Describes processes other than `own`, without their children.
pub(crate) fn descriptions(mut processes: Vec<Process>, own: &[i32]) -> Vec<String> {
    processes.retain(|process| !own.contains(&process.pid));
    let is_known = |pid: i32| processes.iter().any(|other| other.pid == pid);
    let first = processes.iter().filter(|process| !is_known(process.parent));
    first.map(Process::description).collect()
}

/// Whom a signal of this process reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Every process of the user.
    User,
    /// Only processes that descend from this one: the kernel keeps it from all others.
    Descendants,
}

/// Kills every process that descends from this one, until none is left.
///
/// Blocks for some milliseconds.
pub(crate) fn kill_descendants(reach: Reach) {
    match reach {
        // All at once: no fork comes in between.
        Reach::Descendants => drop(kill_process_group(Pid::INIT, Signal::KILL)),
        Reach::User => {}
    }
    kill_all(|| {
        let all = descendants(own_pid());
        bury_members(&all);
        all.into_iter().filter(|process| !process.is_dead).collect()
    });
}

/// Takes the exit status of dead processes that cannot be those we started ourselves: ours lead a group.
pub(crate) fn bury_members(all: &[Process]) {
    let own = own_pid();
    for process in all {
        if process.is_dead && process.parent == own && process.group != process.pid {
            let _ = waitpid(Pid::from_raw(process.pid), WaitOptions::NOHANG);
        }
    }
}

/// Returns the processes that descend from `root`, the dead ones too.
pub(crate) fn descendants(root: i32) -> Vec<Process> {
    let mut found = with_descendants(&all(), &HashSet::from([root]));
    found.retain(|process| process.pid != root);
    found
}

fn kill_all(find: impl Fn() -> Vec<Process>) {
    for _ in 0..KILL_ROUNDS {
        let victims = find();
        if victims.is_empty() {
            return;
        }
        // Who is stopped starts no others, so the number goes down, whatever they do.
        let is_frozen = victims.iter().all(|victim| victim.is_stopped);
        let signal = if is_frozen || victims.len() < FEW { Signal::KILL } else { Signal::STOP };
        for victim in victims {
            victim.signal(signal);
        }
        std::thread::sleep(KILL_PAUSE);
    }
    for victim in find() {
        victim.signal(Signal::KILL);
    }
    tracing::error!("some processes of a conversation could not be killed");
}

/// Says whether a process of this machine that no conversation started holds the socket `inode`.
///
/// Conversations start their processes as children of this one that carry a marker, and mostly in
/// other namespaces. Of the conversation in which this process itself may have been started,
/// everything else is outside. A socket that is being passed on has no holder.
#[must_use]
pub fn is_socket_held_outside(inode: u64) -> bool {
    let own = own_pid();
    let (marker, namespace) = (marker_of(own), pid_namespace(own));
    let wanted = format!("socket:[{inode}]");
    let is_holder = |pid: i32| {
        let Ok(descriptors) = std::fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
        let mut targets = descriptors.flatten().map(|entry| std::fs::read_link(entry.path()));
        targets.any(|target| target.is_ok_and(|target| target.as_os_str() == wanted.as_str()))
    };
    let is_marked =
        |pid: i32| marker_of(pid).is_some_and(|other| Some(other.as_str()) != marker.as_deref());
    let is_inside = |mut pid: i32| {
        for _ in 0..MAX_ANCESTORS {
            if is_marked(pid) {
                return true;
            }
            match Process::read(pid) {
                Some(process) if process.parent > 1 && process.parent != own => {
                    pid = process.parent;
                }
                Some(_) => return false,
                // Gone in the meantime: nobody knows.
                None => return true,
            }
        }
        true
    };
    // The cheapest question first: there may be thousands of processes.
    pids().any(|pid| pid_namespace(pid) == namespace && is_holder(pid) && !is_inside(pid))
}

/// Names the namespace that a process is in; `None` if it may not be known.
fn pid_namespace(pid: i32) -> Option<std::path::PathBuf> {
    std::fs::read_link(format!("/proc/{pid}/ns/pid")).ok()
}

fn session_processes(is_wanted: impl Fn(&str) -> bool) -> Vec<Process> {
    let processes = all();
    let own = own_pid();
    let mut roots: HashSet<i32> = processes
        .iter()
        .filter(|process| process.pid != own && !process.is_dead)
        .filter(|process| marker_of(process.pid).is_some_and(|value| is_wanted(&value)))
        .map(|process| process.pid)
        .collect();
    // Who lost both its environment and its parent is still in the terminal session of the shell.
    let in_session = processes.iter().filter(|process| roots.contains(&process.leader));
    let in_session: Vec<i32> = in_session.map(|process| process.pid).collect();
    roots.extend(in_session);
    let mut found = with_descendants(&processes, &roots);
    found.retain(|process| process.pid != own && !process.is_dead);
    found
}

pub(crate) fn own_pid() -> i32 {
    rustix::process::getpid().as_raw_nonzero().get()
}

fn marker_of(pid: i32) -> Option<String> {
    let environment = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
    let value = environment.split(|byte| *byte == 0).find_map(|variable| {
        variable.strip_prefix(MARKER_VARIABLE.as_bytes())?.strip_prefix(b"=")
    })?;
    String::from_utf8(value.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_does_not_confuse_the_parser() {
        let stat = "7 (a) R) (x) S 3 5 6 0 -1 0 0 0 0 0 11 4 2 3 20 0 1 0 99 0 0";
        let expected = Process {
            pid: 7,
            parent: 3,
            group: 5,
            leader: 6,
            is_dead: false,
            is_stopped: false,
            ticks: 20,
            started: 99,
        };
        assert_eq!(Process::parse(7, stat), Some(expected));
    }

    #[test]
    fn waiting_for_a_descriptor_is_seen_in_the_system_call() {
        let check = |call: &str, expected: Option<u64>| {
            assert_eq!(awaited_descriptor(call), expected, "{call}");
        };
        let (read, select) = if cfg!(target_arch = "aarch64") { (63, 72) } else { (0, 270) };
        check(&format!("{read} 0x3 0x7ffd 0x400 0x0 0x0 0x0 0x7ffd 0x7f"), Some(3));
        check(&format!("{select} 0x1 0x7ffd 0x0 0x0 0x0 0x0 0x7ffd 0x7f"), Some(0));
        check(&format!("{select} 0x5 0x7ffd 0x0 0x0 0x0 0x0 0x7ffd 0x7f"), None);
        check("running", None);
        check("-1 0x7ffd 0x7f", None);
    }
}
