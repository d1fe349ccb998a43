//! What the model is told besides the output.

use std::time::Duration;

const OPTIONS: &str = "Send an empty command to wait for more output, send text with is_input=true to answer it, \
    send C-c, C-z or C-d with is_input=true to interrupt, suspend or end it, \
    or give a longer timeout with the next command.";

const BRIEF_CHARS: usize = 200;

pub(super) const NOTHING_RUNS: &str =
    "ERROR: No command is running, so there is no output to wait for.";
pub(super) const NOTHING_READS: &str =
    "ERROR: No command is running, so there is nothing that could take this input.";
pub(super) const RESET_WITH_INPUT: &str = "ERROR: A reset ends the running command, so nothing could take the input. Send one or the other.";
pub(super) const RESET: &str = "[The shell was reset: all processes of this session were ended. This is a new shell in the workspace \
     with none of the variables, functions and aliases that were set.]\n";
pub(super) const PREVIOUS_OUTPUT: &str = "[Output of the command that was already running:]\n";
pub(super) const INPUT_TOO_LATE: &str =
    "\n[The input was not sent: the command had already ended.]";
pub(super) const STOPPED: &str = "\n[All processes of this session were stopped, this command too. The next command gets a new shell.]";

pub(super) fn completed(exit_code: i32, key: Option<&str>) -> String {
    let sent = key.map(|key| format!(" {key} was sent.")).unwrap_or_default();
    format!("\n[The command completed with exit code {exit_code}.{sent}]")
}

pub(super) fn silent(silence: Duration, elapsed: Duration, waits_for_input: bool) -> String {
    let reason = if waits_for_input { " It seems to wait for input." } else { "" };
    format!(
        "\n[No new output for {} seconds; the command still runs after {} seconds.{reason} {OPTIONS}]",
        seconds(silence),
        seconds(elapsed)
    )
}

pub(super) fn timed_out(limit: Duration) -> String {
    format!("\n[The command still runs: it timed out after {} seconds. {OPTIONS}]", seconds(limit))
}

pub(super) fn killed(limit: Duration) -> String {
    format!("\n[The command was killed: it took longer than {} seconds.]", seconds(limit))
}

pub(super) fn timeout_too_long(timeout: Duration, longest: Duration) -> String {
    format!(
        "ERROR: The command was not executed: a timeout of {} seconds is too long here, because the \
         runtime may be closed before. The longest possible is {} seconds. Run what takes longer in the \
         background, with its output in a file, and look at the file from time to time.",
        seconds(timeout),
        seconds(longest)
    )
}

pub(super) fn key_without_command(key: &str) -> String {
    format!("No command is running: {key} had nothing to do.")
}

pub(super) fn not_executed(command: &str) -> String {
    let command = brief(command);
    format!(
        "\n[Your command {command} was NOT executed: the previous command is still running. {OPTIONS}]"
    )
}

pub(super) fn shell_ended(exit_code: i32) -> String {
    format!(
        "\n[The shell ended with exit code {exit_code}. The next command gets a new shell in the same \
         directory with the same exported variables; other variables, functions, aliases and jobs are gone.]"
    )
}

/// What a finished command wrote after it was last looked at.
pub(super) fn unread_tail(command: &str, exit_code: i32, text: &str) -> String {
    let command = brief(command);
    let ended = match exit_code {
        -1 => "was ended".to_owned(),
        code => format!("completed with exit code {code}"),
    };
    format!(
        "[The previous command {command} {ended}. Its remaining output:]\n\
         {text}\n[Output of this command:]\n"
    )
}

/// What came from background processes while no command ran.
pub(super) fn background_output(text: &str) -> String {
    format!(
        "[Output of background processes since the previous command:]\n{text}\n[Output of this command:]\n"
    )
}

pub(super) fn several(commands: &[String]) -> String {
    let list: String = commands
        .iter()
        .enumerate()
        .map(|(index, command)| format!("({}) {command}\n", index + 1))
        .collect();
    format!(
        "ERROR: Only one command can be executed at a time, and this holds {}:\n{list}\
         Send them one by one, or chain them with && or ;",
        commands.len()
    )
}

pub(super) const LITERAL: &str = "ERROR: This looks like a JSON or Python literal, not like a shell command. It was not executed. \
     Send the command itself as text.";

pub(super) fn not_started(error: &std::io::Error) -> String {
    format!("ERROR: The shell could not be started: {error}")
}

/// Returns enough of a command to know it again.
fn brief(command: &str) -> String {
    let mut text: String = command.chars().take(BRIEF_CHARS).collect();
    if text.len() < command.len() {
        text.push('…');
    }
    format!("{text:?}")
}

fn seconds(duration: Duration) -> String {
    let tenths = (duration.as_secs_f64() * 10.0).round() / 10.0;
    format!("{tenths}")
}
