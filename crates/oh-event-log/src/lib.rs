//! `oh-event-log`
