//! The outside's end of a program that runs inside.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::{Semaphore, mpsc};

use super::frame::Request;
use super::programs::{CHUNK_BYTES, WINDOW_BYTES};
use crate::program::{ErrorTail, PIPE_BYTES, RunningProgram};

/// Takes what comes from the program.
#[derive(Debug)]
pub(super) struct ProgramSink {
    /// Never holds more than the window.
    output: mpsc::UnboundedSender<Vec<u8>>,
    credit: Arc<Semaphore>,
    errors: ErrorTail,
}

/// Carries bytes between a stream here and a program inside.
#[derive(Debug)]
pub(super) struct RemoteProgram {
    id: u64,
    stream: DuplexStream,
    output: mpsc::UnboundedReceiver<Vec<u8>>,
    credit: Arc<Semaphore>,
    requests: mpsc::UnboundedSender<Vec<u8>>,
}

pub(super) fn connect(
    id: u64,
    requests: mpsc::UnboundedSender<Vec<u8>>,
) -> (RunningProgram, ProgramSink, RemoteProgram) {
    let (stream, ours) = tokio::io::duplex(PIPE_BYTES);
    let (sender, output) = mpsc::unbounded_channel();
    let credit = Arc::new(Semaphore::new(WINDOW_BYTES));
    let errors = ErrorTail::default();
    let sink = ProgramSink { output: sender, credit: credit.clone(), errors: errors.clone() };
    let remote = RemoteProgram { id, stream: ours, output, credit, requests };
    (RunningProgram { stream, errors }, sink, remote)
}

impl ProgramSink {
    pub(super) fn output(&self, bytes: Vec<u8>) {
        let _ = self.output.send(bytes);
    }

    pub(super) fn input_taken(&self, count: u32) {
        let missing = WINDOW_BYTES.saturating_sub(self.credit.available_permits());
        self.credit.add_permits(missing.min(count as usize));
    }

    pub(super) fn errors(&self, text: &str) {
        self.errors.replace(text);
    }
}

impl RemoteProgram {
    /// Carries until the program has ended or the stream is dropped; then the program is ended.
    pub(super) async fn carry(self) {
        let Self { id, stream, mut output, credit, requests } = self;
        let (mut reader, mut writer) = tokio::io::split(stream);
        let send = |request: Request| match request.encode() {
            Ok(bytes) => requests.send(bytes).is_ok(),
            Err(_) => false,
        };
        let forward = async {
            let mut buffer = vec![0; CHUNK_BYTES];
            while let Ok(count @ 1..) = reader.read(&mut buffer).await {
                let Ok(permit) = credit.acquire_many(u32::try_from(count).unwrap_or(1)).await
                else {
                    return;
                };
                permit.forget();
                if !send(Request::Input { id, bytes: buffer[..count].to_vec() }) {
                    return;
                }
            }
        };
        let backward = async {
            while let Some(bytes) = output.recv().await {
                if writer.write_all(&bytes).await.is_err() {
                    return;
                }
                let count = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
                send(Request::Taken { id, count });
            }
        };
        tokio::select! {
            () = forward => {}
            () = backward => {}
        }
        send(Request::End { id });
    }
}
