//! The signals that end this program.

use anyhow::{Context, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that end the server, unless it was started with them ignored (`nohup`).
pub(crate) struct EndSignals(Vec<(Signal, bool)>);

impl EndSignals {
    pub(crate) fn listen() -> Result<Self> {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let ignored = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
        let kinds = [
            SignalKind::interrupt(),
            SignalKind::terminate(),
            SignalKind::hangup(),
            SignalKind::quit(),
        ];
        let listen = |kind: SignalKind| {
            let is_ignored = ignored >> (kind.as_raw_value() - 1) & 1 == 1;
            Ok((signal(kind).context("failed to listen for signals")?, is_ignored))
        };
        Ok(Self(kinds.into_iter().map(listen).collect::<Result<_>>()?))
    }

    /// Waits for one of them.
    pub(crate) async fn wait(&mut self) {
        std::future::poll_fn(|context| {
            let mut is_over = false;
            for (signal, is_ignored) in &mut self.0 {
                while let std::task::Poll::Ready(Some(())) = signal.poll_recv(context) {
                    is_over |= !*is_ignored;
                }
            }
            if is_over { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
    }
}
