//! `oh-event`
