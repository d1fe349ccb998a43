//! `oh-chat`
