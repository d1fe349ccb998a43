//! `oh-agent`
