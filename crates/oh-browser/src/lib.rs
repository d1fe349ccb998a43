//! A browser for the agent: Chromium, told what to do over a pipe.
//!
//! - [`Browser`]: the browser of one conversation; it makes the calls of a script and returns a
//!   [`Report`];
//! - [`Live`]: what people see of it while it runs, and how they use it for a moment.
//!
//! It starts no processes: who makes a browser brings a [`Launcher`]. It knows no events, no sandbox
//! and no network rules.
//!
//! What holds: whatever goes wrong is in the report; a page that crashes or hangs is closed, and the
//! next script works; every element keeps its number as long as its document is shown, and no number
//! is given twice; everything that a page says is bounded.

mod act;
mod address;
mod browser;
mod cdp;
mod history;
mod keys;
mod live;
mod marks;
mod page;
mod point;
mod report;
mod script;
mod start;
mod state;

pub use browser::{BoxFuture, Browser, BrowserConfig, Connection, Launcher, STEP_LIMIT};
pub use live::{Button, Control, Input, Live, LiveUpdate, View};
pub use report::{Report, Wanted};
pub use start::BrowserProgram;
pub use state::Frame;
