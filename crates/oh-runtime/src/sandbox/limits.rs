//! How many processes there may be.

use super::plan::{Plan, SandboxMode};

/// Returns the limit for the user as whom commands run.
///
/// In a namespace of users only the processes in it count. Elsewhere all processes of the user do,
/// so those that run now are added.
pub(super) fn process_limit(plan: &Plan) -> u64 {
    match plan.mode {
        SandboxMode::Namespaces => plan.limits.processes,
        SandboxMode::Landlock | SandboxMode::Unconfined => {
            plan.limits.processes + threads_of_user(rustix::process::getuid().as_raw())
        }
    }
}

fn threads_of_user(uid: u32) -> u64 {
    let Ok(entries) = std::fs::read_dir("/proc") else { return 0 };
    let threads = |status: String| {
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse::<u64>().ok()
        };
        (field("Uid:") == Some(u64::from(uid))).then(|| field("Threads:"))?
    };
    entries
        .flatten()
        .filter(|entry| {
            entry.file_name().to_string_lossy().starts_with(|c: char| c.is_ascii_digit())
        })
        .filter_map(|entry| threads(std::fs::read_to_string(entry.path().join("status")).ok()?))
        .sum()
}
