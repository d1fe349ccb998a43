//! The numbers of elements: each keeps its number as long as its document is shown, and no number is
//! given twice.

use std::collections::HashMap;
use std::sync::Arc;

use crate::cdp::SessionId;

/// Most elements that are remembered.
const MAX_ELEMENTS: usize = 100_000;

/// An element of a page.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Element {
    pub(crate) session: SessionId,
    /// The frame that shows it, and which document that showed then.
    pub(crate) frame: Arc<str>,
    pub(crate) loader: Arc<str>,
    /// Its number in the browser.
    pub(crate) backend: i64,
}

/// All elements that have a number.
#[derive(Debug, Default)]
pub(crate) struct Elements {
    by_number: HashMap<u32, Element>,
    numbers: HashMap<Element, u32>,
    last: u32,
}

impl Elements {
    /// Returns the number of an element, which is a new one the first time.
    pub(crate) fn number(&mut self, element: Element) -> u32 {
        if let Some(&number) = self.numbers.get(&element) {
            return number;
        }
        if self.numbers.len() >= MAX_ELEMENTS {
            self.by_number.clear();
            self.numbers.clear();
        }
        self.last += 1;
        self.by_number.insert(self.last, element.clone());
        self.numbers.insert(element, self.last);
        self.last
    }

    /// Returns the element that a script names.
    pub(crate) fn get(&self, bid: &str) -> Result<&Element, String> {
        let number: u32 = bid.parse().map_err(|_| {
            format!("`{bid}` is not the number of an element; it stands in brackets before it")
        })?;
        self.by_number.get(&number).ok_or_else(|| format!("there is no element [{number}]"))
    }
}
