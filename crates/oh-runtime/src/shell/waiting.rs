//! A caller that waits for the shell.

use std::time::{Duration, Instant};

use oh_event::{CommandMetadata, ErrorObservation, Observation, RunAction, RunObservation};
use tokio::sync::oneshot;

use super::foreground::Foreground;
use super::process::ShellProcess;
use crate::live::Live;
use crate::processes::{self, Process};
use crate::runtime::OutputSink;

/// No command is waited for longer than this at a time.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);
const SHORTEST_CHECK: Duration = Duration::from_millis(50);
const LONGEST_CHECK: Duration = Duration::from_secs(2);
const TICK: Duration = Duration::from_millis(10);
/// A job that uses less than this part of a processor is idle.
const IDLE_SHARE: u32 = 20;

/// One request that has no answer yet.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) action: RunAction,
    /// When the time of [`Self::timeout`] began.
    pub(super) limit: Instant,
    pub(super) timeout: Duration,
    pub(super) prefix: String,
    pub(super) key: Option<String>,
    pub(super) note: &'static str,
    /// The command was started by an earlier request.
    pub(super) is_continuation: bool,
    soft: Option<SoftTimeout>,
    live: Option<Live>,
    reply: oneshot::Sender<Observation>,
}

#[derive(Debug)]
struct SoftTimeout {
    limit: Duration,
    last_use: Instant,
    checked: Instant,
    /// Processor time used at the last look, if there was one since the last output.
    ticks: Option<u64>,
}

impl Waiting {
    pub(super) fn new(
        action: RunAction,
        soft: Option<Duration>,
        timeout: Duration,
        output: Option<OutputSink>,
        reply: oneshot::Sender<Observation>,
    ) -> Self {
        let now = Instant::now();
        Self {
            action,
            limit: now,
            timeout: timeout.min(LONGEST_TIMEOUT),
            prefix: String::new(),
            key: None,
            note: "",
            is_continuation: false,
            soft: soft.map(|limit| SoftTimeout { limit, last_use: now, checked: now, ticks: None }),
            live: output.map(Live::new),
            reply,
        }
    }

    /// Lets all times begin now.
    pub(super) fn restart(&mut self) {
        let now = Instant::now();
        self.limit = now;
        if let Some(soft) = &mut self.soft {
            soft.last_use = now;
            soft.checked = now;
        }
    }

    pub(super) async fn caller_gone(&mut self) {
        self.reply.closed().await;
    }

    /// Returns when something is to be done at the latest.
    pub(super) fn wake(&self) -> Instant {
        let mut wake = self.limit + self.timeout;
        if let Some(soft) = &self.soft {
            wake = wake.min(soft.checked + soft.interval());
        }
        let live = self.live.as_ref().and_then(Live::wake);
        live.map_or(wake, |live| wake.min(live))
    }

    /// Returns how long the command has been silent and idle, if that is too long.
    pub(super) fn silence(
        &mut self,
        shell: &ShellProcess,
        command: &Foreground,
    ) -> Option<Duration> {
        let soft = self.soft.as_mut()?;
        if soft.checked.elapsed() < soft.interval() {
            return None;
        }
        let since_output = command.last_output.elapsed();
        if since_output < soft.interval() {
            // It is not idle; a look at the processes would say nothing new.
            soft.checked = Instant::now();
            soft.ticks = None;
        } else {
            soft.look_at_usage(shell);
        }
        let silence = since_output.min(soft.last_use.elapsed());
        (silence >= soft.limit).then_some(silence)
    }

    /// Says whether a process in the foreground sleeps in a read of the terminal.
    pub(super) fn waits_for_input(&self, shell: &ShellProcess) -> bool {
        let Some(group) = shell.foreground_group() else { return false };
        !shell.has_unsent_input()
            && processes::all()
                .iter()
                .any(|process| process.group == group && process.waits_for_terminal())
    }

    /// Passes output on to who watches.
    pub(super) fn stream(&mut self, bytes: &[u8]) {
        if let Some(live) = &mut self.live {
            live.push(bytes);
        }
    }

    pub(super) fn flush(&mut self) {
        if let Some(live) = &mut self.live {
            live.flush();
        }
    }

    pub(super) fn answer(self, content: String, metadata: CommandMetadata) {
        let command = self.action.command.clone();
        self.answer_as(&command, content, metadata);
    }

    pub(super) fn answer_as(mut self, command: &str, content: String, metadata: CommandMetadata) {
        if let Some(live) = &mut self.live {
            live.finish();
        }
        let hidden = self.action.hidden;
        let observation = RunObservation { content, command: command.to_owned(), metadata, hidden };
        let _ = self.reply.send(Observation::Run(observation));
    }

    pub(super) fn answer_error(self, content: String) {
        let observation = ErrorObservation { content, error_id: String::new() };
        let _ = self.reply.send(Observation::Error(observation));
    }
}

impl SoftTimeout {
    fn interval(&self) -> Duration {
        (self.limit / 5).clamp(SHORTEST_CHECK, LONGEST_CHECK)
    }

    fn look_at_usage(&mut self, shell: &ShellProcess) {
        let elapsed = self.checked.elapsed();
        let ticks = foreground_ticks(shell);
        let used = self.ticks.zip(ticks).map_or(0, |(before, now)| now.saturating_sub(before));
        let used = TICK.saturating_mul(u32::try_from(used).unwrap_or(u32::MAX));
        if used.saturating_mul(IDLE_SHARE) >= elapsed && used > TICK {
            self.last_use = Instant::now();
        }
        self.ticks = ticks;
        self.checked = Instant::now();
    }
}

/// Returns the processor time of the group in the foreground, and of the shell, to which the time
/// of ended jobs goes: a loop over short programs keeps its sum although each has a group of its own.
fn foreground_ticks(shell: &ShellProcess) -> Option<u64> {
    let group = shell.foreground_group()?;
    let is_counted = |process: &&Process| process.group == group || process.pid == shell.pid();
    Some(processes::all().iter().filter(is_counted).map(|process| process.ticks).sum())
}
