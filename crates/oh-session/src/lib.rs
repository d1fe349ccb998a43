//! `oh-session`
