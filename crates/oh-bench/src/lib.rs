//! `oh-bench`
