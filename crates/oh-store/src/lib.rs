//! `oh-store`
