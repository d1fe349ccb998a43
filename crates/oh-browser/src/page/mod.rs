//! What a page shows: its elements, its text and its picture.

mod ax;
mod boxes;
mod capture;
mod elements;
mod lines;
mod render;
mod text;

pub(crate) use boxes::Rect;
pub(crate) use capture::{Capture, capture};
pub(crate) use elements::{Element, Elements};
pub(crate) use render::{MAX_TREE, tree};
pub(crate) use text::page_text;
