//! `oh-wire`
