//! The log of the process: what it says passes through here, and known secrets are masked in it.
//!
//! Libraries log what others told them, and servers of others repeat keys.

use std::io::{self, Write};
use std::sync::{PoisonError, RwLock};

use oh_event_log::Masker;

/// What masks the secrets of all servers of this process.
static MASKER: RwLock<Option<Masker>> = RwLock::new(None);

/// Masks more values in all that is logged from now on.
pub(crate) fn mask_in_log(values: &[String]) {
    let mut masker = MASKER.write().unwrap_or_else(PoisonError::into_inner);
    masker.get_or_insert_default().add(values);
}

/// Writes one record of the log to standard error, which gets it whole.
#[derive(Debug, Default)]
pub struct LogWriter(Vec<u8>);

impl Write for LogWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let record = std::mem::take(&mut self.0);
        let record = String::from_utf8_lossy(&record);
        io::stderr().write_all(masked(&record).as_bytes())
    }
}

impl Drop for LogWriter {
    fn drop(&mut self) {
        // A terminal that is gone is no reason to stop.
        let _ = self.flush();
    }
}

fn masked(record: &str) -> String {
    let masker = MASKER.read().unwrap_or_else(PoisonError::into_inner).clone();
    match masker {
        None => record.to_owned(),
        Some(mut masker) => {
            let mut shown = masker.push(record);
            shown.push_str(&masker.finish());
            shown
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_as_a_secret_is_not_logged() {
        mask_in_log(&["of-the-log-test-1".to_owned()]);
        mask_in_log(&["of-the-log-test-2".to_owned()]);
        let shown = masked("a of-the-log-test-1, of-the-log-test-2 and of-the-log-test-\n");
        let mask = oh_event_log::SECRET_MASK;
        assert_eq!(shown, format!("a {mask}, {mask} and of-the-log-test-\n"));
    }
}
