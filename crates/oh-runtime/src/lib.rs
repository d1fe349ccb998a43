//! `oh-runtime`
