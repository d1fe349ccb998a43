//! The standard input and output of a container's main process.

use std::fmt;
use std::future::ready;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use bollard::container::{AttachContainerResults, LogOutput};
use futures_util::StreamExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::io::StreamReader;

/// Most that is kept of what is said on the standard error, in bytes.
const MAX_SAID: usize = 4096;

/// A connection to a main process.
pub(super) struct Attachment {
    pub(super) input: Pin<Box<dyn AsyncWrite + Send>>,
    pub(super) output: Box<dyn AsyncRead + Send + Unpin>,
    pub(super) said: Said,
}

/// What a main process said last on its standard error.
#[derive(Debug, Clone, Default)]
pub(super) struct Said(Arc<Mutex<Vec<u8>>>);

impl Attachment {
    pub(super) fn new(results: AttachContainerResults) -> Self {
        let said = Said::default();
        let errors = said.clone();
        let output = results.output.filter_map(move |item| {
            ready(match item {
                Ok(LogOutput::StdOut { message }) => Some(Ok(message)),
                Ok(
                    LogOutput::StdErr { message }
                    | LogOutput::StdIn { message }
                    | LogOutput::Console { message },
                ) => {
                    errors.add(&message);
                    None
                }
                Err(error) => Some(Err(io::Error::other(error))),
            })
        });
        let output = Box::new(StreamReader::new(Box::pin(output)));
        Self { input: results.input, output, said }
    }
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attachment").field("said", &self.said).finish_non_exhaustive()
    }
}

impl Said {
    fn add(&self, bytes: &[u8]) {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        said.extend(bytes);
        let too_much = said.len().saturating_sub(MAX_SAID);
        said.drain(..too_much);
    }

    pub(super) fn text(&self) -> String {
        let said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&said).trim().to_owned()
    }
}
