//! `oh-config`
