//! `oh-testkit`
