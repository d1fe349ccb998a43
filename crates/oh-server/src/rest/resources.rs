//! Figures of this process and of its disk; what cannot be read is 0.

use std::time::Duration;

use serde_json::{Value, json};

use crate::state::AppState;

/// Reads all of it. This blocks.
pub(crate) fn read(state: &AppState) -> Value {
    let uptime = state.started.elapsed();
    let memory = Figures::of("/proc/self/status");
    let rss = memory.number("VmRSS:") * 1024;
    let total = Figures::of("/proc/meminfo").number("MemTotal:") * 1024;
    let io = Figures::of("/proc/self/io");
    json!({
        "uptime": uptime.as_secs_f64(),
        "idle_time": idle_time(state, uptime).as_secs_f64(),
        "resources": {
            "cpu_percent": percent(cpu_time().as_secs_f64(), uptime.as_secs_f64()),
            "memory": {
                "rss": rss,
                "vms": memory.number("VmSize:") * 1024,
                "percent": percent(as_float(rss), as_float(total)),
            },
            "disk": disk(state),
            "io": {
                "read_bytes": io.number("read_bytes:"),
                "write_bytes": io.number("write_bytes:"),
            },
        },
    })
}

/// Time since an agent did something; since the start if no conversation is open.
fn idle_time(state: &AppState, uptime: Duration) -> Duration {
    let idle = state.manager.live().into_iter().map(|(_, session)| {
        let status = session.status();
        if status.is_busy { Duration::ZERO } else { status.last_activity.elapsed() }
    });
    idle.min().unwrap_or(uptime)
}

fn disk(state: &AppState) -> Value {
    let (total, free) = match rustix::fs::statvfs(&state.config.data_dir) {
        Ok(disk) => (disk.f_blocks * disk.f_frsize, disk.f_bavail * disk.f_frsize),
        Err(_) => (0, 0),
    };
    let used = total.saturating_sub(free);
    json!({
        "total": total,
        "used": used,
        "free": free,
        "percent": percent(as_float(used), as_float(total)),
    })
}

/// Processor time of this process so far.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the program may have spaces; these fields are the 14th and the 15th.
    let fields = stat.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
    let ticks: u64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|text| text.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second().max(1))
}

fn percent(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { (part / whole * 1000.0).round() / 10.0 } else { 0.0 }
}

#[allow(clippy::cast_precision_loss, reason = "percentages are rounded anyway")]
fn as_float(number: u64) -> f64 {
    number as f64
}

/// A file of lines that have a name and a number each.
struct Figures(String);

impl Figures {
    fn of(path: &str) -> Self {
        Self(std::fs::read_to_string(path).unwrap_or_default())
    }

    fn number(&self, name: &str) -> u64 {
        let line = self.0.lines().find_map(|line| line.strip_prefix(name));
        let digits = line.and_then(|rest| rest.split_whitespace().next());
        digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
    }
}
