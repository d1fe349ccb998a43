use anyhow::{Context, Result};

use super::{Bench, Figure};
use crate::process::ServerProcess;
use crate::report::{median, milliseconds, percentile};

const ROUNDS: usize = 11;

/// From the start of the process to the first healthy answer, each time with an empty data directory.
pub(super) async fn cold_start(bench: &Bench) -> Result<Figure> {
    let binary = bench.binary()?;
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let process = ServerProcess::start(binary, "http://127.0.0.1:9/v1").await?;
        times.push(milliseconds(process.start_time));
        process.stop().await;
    }
    let note = format!("median of {ROUNDS}, slowest {:.1} ms", percentile(&times, 1.0));
    Ok(Figure { value: median(&times), note })
}

pub(super) fn binary_size(bench: &Bench) -> Result<Figure> {
    let binary = bench.binary()?;
    let metadata = std::fs::metadata(binary)
        .with_context(|| format!("failed to look at `{}`", binary.display()))?;
    #[allow(clippy::cast_precision_loss, reason = "a size")]
    let value = metadata.len() as f64 / (1024.0 * 1024.0);
    Ok(Figure { value, note: "with the web interface that was built before it".to_owned() })
}
