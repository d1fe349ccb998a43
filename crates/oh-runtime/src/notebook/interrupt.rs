//! Ending a cell that takes too long or that nobody waits for.

use std::time::{Duration, Instant};

/// An interrupt is repeated, since a cell may be between two statements that each take one.
const REPEAT: Duration = Duration::from_millis(1500);
const KILL_AFTER: Duration = Duration::from_secs(5);

/// A cell on its way out.
#[derive(Debug)]
pub(super) struct Interrupt {
    pub(super) purpose: Purpose,
    began: Instant,
    next: Instant,
}

/// Why a cell is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Who waited for it is gone, and its output with it.
    GivenUp,
    /// It took too long; what came of it is told.
    TooLong,
}

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    Nothing,
    Interrupt,
    Kill,
}

impl Interrupt {
    pub(super) fn new(purpose: Purpose) -> Self {
        let now = Instant::now();
        Self { purpose, began: now, next: now }
    }

    /// Returns when to call [`Self::due`] again.
    pub(super) fn wake(&self) -> Instant {
        self.next
    }

    pub(super) fn due(&mut self) -> Due {
        let now = Instant::now();
        if now >= self.began + KILL_AFTER {
            return Due::Kill;
        }
        if now < self.next {
            return Due::Nothing;
        }
        self.next = (now + REPEAT).min(self.began + KILL_AFTER);
        Due::Interrupt
    }
}
