use std::sync::Arc;

use oh_event_log::LogReader;
use proptest::prelude::*;
use tempfile::TempDir;

use crate::support::{FRAMING, id, message, open};

/// Follows the log from `start`, dropping and reopening the cursor as `pattern` says.
async fn follow(reader: LogReader, start: u64, until: u64, pattern: Vec<u16>) -> Vec<u64> {
    let mut seen = Vec::new();
    let mut next = start;
    let mut pattern = pattern.into_iter().cycle();
    while next < until {
        let mut stream = reader.stream_from(next);
        for _ in 0..pattern.next().unwrap_or(1) % 5 + 1 {
            if next >= until {
                break;
            }
            let max_bytes = usize::from(pattern.next().unwrap_or(1));
            let batch = stream.next_batch(max_bytes).await.unwrap();
            for entry in batch {
                let frame = std::str::from_utf8(entry.frame()).unwrap();
                assert!(frame.starts_with(FRAMING.prefix) && frame.ends_with(FRAMING.suffix));
                seen.push(entry.id().0);
                next = entry.id().0 + 1;
            }
        }
    }
    seen
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// D1: every cursor sees every event once and in order, whether it reads from the
    /// database or from memory, and however often it leaves and comes back.
    #[test]
    fn every_cursor_sees_every_event_once(
        batches in prop::collection::vec((1..6_usize, 0..3_000_usize), 1..60),
        starts in prop::collection::vec((0..150_u64, prop::collection::vec(1..9_000_u16, 1..8)), 1..6),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
        runtime.block_on(async {
            let folder = TempDir::new().unwrap();
            let log = open(&folder);
            let (mut writer, reader) = log.open_conversation(&id("a")).await.unwrap();
            let total: u64 = batches.iter().map(|(count, _)| *count as u64).sum();
            let mut viewers = Vec::new();
            for (start, pattern) in starts {
                let follower = follow(reader.clone(), start, total, pattern);
                viewers.push((start, tokio::spawn(follower)));
            }
            for (count, size) in batches {
                let drafts = (0..count).map(|_| message(&"x".repeat(size))).collect();
                writer.append(drafts, None).await.unwrap();
            }
            for (start, viewer) in viewers {
                let expected: Vec<u64> = (start..total).collect();
                assert_eq!(viewer.await.unwrap(), expected);
            }
        });
    }
}

/// Many conversations append at once; each has its own ids without a hole.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conversations_do_not_disturb_each_other() {
    let folder = TempDir::new().unwrap();
    let log = Arc::new(open(&folder));
    let mut tasks = tokio::task::JoinSet::new();
    for name in 0..20 {
        let log = log.clone();
        tasks.spawn(async move {
            let (mut writer, reader) = log.open_conversation(&id(&name.to_string())).await.unwrap();
            for n in 0..50 {
                writer.append(vec![message(&format!("{name}:{n}"))], None).await.unwrap();
            }
            let events = reader.events((0, u64::MAX)).await.unwrap();
            let ids: Vec<u64> = events.iter().map(|event| event.id.0).collect();
            assert_eq!(ids, (0..50).collect::<Vec<u64>>());
        });
    }
    while let Some(result) = tasks.join_next().await {
        result.unwrap();
    }
}
