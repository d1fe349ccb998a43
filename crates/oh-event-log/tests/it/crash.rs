//! D2: what a reader saw or a writer was told is there after `kill -9`.
//!
//! The test starts itself as a child that appends and reports every id only after the
//! append returned and a reader saw it; the child is killed at a random moment.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use oh_event_log::Order;
use tempfile::TempDir;

use crate::support::{id, message, open};

const FOLDER: &str = "OH_EVENT_LOG_CRASH_TEST_FOLDER";

#[test]
fn nothing_seen_is_lost_by_a_kill() {
    let folder = TempDir::new().unwrap();
    let mut seen = 0_u64;
    for round in 0..8_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::appending_child", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // A different number of events each round moves the moment of the kill.
        let mut left = 20 + 37 * round;
        while left > 0 {
            let line = lines.next().expect("the child appends").unwrap();
            if let Some(id) = line.strip_prefix("seen ") {
                seen = id.parse().unwrap();
                left -= 1;
            }
        }
        child.kill().unwrap();
        for line in lines {
            if let Some(id) = line.unwrap_or_default().strip_prefix("seen ") {
                seen = id.parse().unwrap_or(seen);
            }
        }
        child.wait().unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let log = open(&folder);
            let page =
                log.page(&id("a"), (0, u64::MAX), Order::Ascending, usize::MAX).await.unwrap();
            let ids: Vec<u64> = page.iter().map(|entry| entry.id().0).collect();
            assert_eq!(ids, (0..ids.len() as u64).collect::<Vec<_>>(), "no hole, no double");
            assert!(ids.last() >= Some(&seen), "{seen} was seen, {:?} is the last", ids.last());
        });
    }
}

/// The child process of the test above; without its folder it does nothing.
#[test]
fn appending_child() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let log = oh_event_log::EventLog::open(oh_event_log::EventLogConfig {
            path: std::path::Path::new(&folder).join("openhands.db"),
            durability: oh_event_log::Durability::Fsync,
            framing: crate::support::FRAMING,
        })
        .unwrap();
        let (mut writer, reader) = log.open_conversation(&id("a")).await.unwrap();
        let mut stream = reader.stream_from(reader.next_event_id());
        println!();
        loop {
            writer.append(vec![message(&"x".repeat(500))], None).await.unwrap();
            for entry in stream.next_batch(100_000).await.unwrap() {
                println!("seen {}", entry.id());
            }
        }
    });
}
