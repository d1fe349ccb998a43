//! What the model is told besides the output.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

pub(super) const NO_OUTPUT: &str = "[Code executed successfully with no output]";
pub(super) const STATE_LOST: &str = "Its state is lost: variables, imports and functions are gone. The next cell gets a new kernel.";
pub(super) const STOPPED: &str = "[All processes of this session were stopped, this cell too, and with it the state of the notebook.]";
/// What the next cell is told.
pub(super) const WAS_STOPPED: &str = "[This is a new kernel: the processes of this session were stopped. The variables, imports and functions of earlier cells are gone.]";
pub(super) const WAS_STUBBORN: &str = "[This is a new kernel: the last cell did not end when it was interrupted. The variables, imports and functions of earlier cells are gone.]";

pub(super) fn had_ended(how: &str) -> String {
    format!(
        "[This is a new kernel: the one before ended ({how}). The variables, imports and functions of earlier cells are gone.]"
    )
}

pub(super) fn ended(how: &str) -> String {
    format!("[The kernel ended while it ran this cell ({how}). {STATE_LOST}]")
}

pub(super) fn timed_out(limit: Duration) -> String {
    format!(
        "[The cell timed out after {} seconds and was interrupted. The notebook keeps its state.]",
        seconds(limit)
    )
}

pub(super) fn timed_out_and_killed(limit: Duration) -> String {
    format!(
        "[The cell timed out after {} seconds and did not end when it was interrupted, so the kernel was killed. {STATE_LOST}]",
        seconds(limit)
    )
}

pub(super) fn timeout_too_long(timeout: Duration, longest: Duration) -> String {
    format!(
        "ERROR: The cell was not executed: a timeout of {} seconds is too long here, because the \
         runtime may be closed before. The longest possible is {} seconds.",
        seconds(timeout),
        seconds(longest)
    )
}

pub(super) fn pictures_left_out(count: usize, most: usize, megabytes: usize) -> String {
    format!(
        "[{count} more pictures are not shown: a cell may have {most} with {megabytes} MB together. Save them to files, or make them smaller.]"
    )
}

pub(super) fn slow_start(limit: Duration) -> String {
    format!("it was not ready within {} seconds", seconds(limit))
}

pub(super) fn not_started(how: &str) -> String {
    if how.is_empty() { "it ended at once".to_owned() } else { how.to_owned() }
}

/// `refused` has each Python that was found and why it is of no use.
pub(super) fn no_python(refused: &[(PathBuf, String)]) -> String {
    let mut text = "ERROR: The cell was not executed: the notebook needs Python 3.9 or later, and there is none on the PATH of commands.".to_owned();
    for (path, reason) in refused {
        let _ = write!(text, "\n- {} cannot be used: {reason}.", path.display());
    }
    text.push_str(
        "\nOn Debian and Ubuntu `apt-get install python3` installs it; without root `uv python install`, pyenv or conda do. \
         `pip install ipykernel matplotlib` adds all of IPython and pictures.",
    );
    text
}

fn seconds(duration: Duration) -> String {
    let tenths = (duration.as_secs_f64() * 10.0).round() / 10.0;
    format!("{tenths}")
}
