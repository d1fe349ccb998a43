//! `oh-server`
