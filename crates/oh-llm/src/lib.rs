//! `oh-llm`
