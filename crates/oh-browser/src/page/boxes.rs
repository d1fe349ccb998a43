//! Where the elements of a page are.

use std::collections::HashMap;

use serde::Deserialize;

/// A rectangle in CSS pixels, from the upper left corner of the window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rect {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl Rect {
    pub(crate) fn moved(self, dx: f64, dy: f64) -> Self {
        Self { x: self.x + dx, y: self.y + dy, ..self }
    }

    /// Returns what two rectangles have in common.
    pub(crate) fn cut(self, other: Self) -> Option<Self> {
        let (x, y) = (self.x.max(other.x), self.y.max(other.y));
        let width = (self.x + self.width).min(other.x + other.width) - x;
        let height = (self.y + self.height).min(other.y + other.height) - y;
        (width > 0.0 && height > 0.0).then_some(Self { x, y, width, height })
    }
}

/// What `DOMSnapshot.captureSnapshot` returns, as far as it is needed.
#[derive(Debug, Deserialize)]
pub(super) struct Snapshot {
    documents: Vec<Document>,
    strings: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    frame_id: i64,
    nodes: Nodes,
    layout: Layout,
    #[serde(default)]
    scroll_offset_x: f64,
    #[serde(default)]
    scroll_offset_y: f64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Nodes {
    backend_node_id: Vec<i64>,
    #[serde(default)]
    attributes: Vec<Vec<i64>>,
    #[serde(default)]
    is_clickable: Marked,
    #[serde(default)]
    content_document_index: Pairs,
}

#[derive(Debug, Default, Deserialize)]
struct Marked {
    index: Vec<usize>,
}

#[derive(Debug, Default, Deserialize)]
struct Pairs {
    index: Vec<usize>,
    value: Vec<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Layout {
    node_index: Vec<usize>,
    bounds: Vec<Vec<f64>>,
}

/// Facts about one element.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Fact {
    pub(super) rect: Option<Rect>,
    pub(super) is_clickable: bool,
    pub(super) is_draggable: bool,
    /// The `id` attribute.
    pub(super) id: String,
}

/// Facts about the elements of one session.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) by_node: HashMap<i64, Fact>,
    /// The elements that hold frames, by the frame.
    pub(super) owners: HashMap<String, i64>,
}

impl Snapshot {
    /// Returns the facts; the page of the session begins at `origin`.
    pub(super) fn facts(&self, origin: (f64, f64)) -> Facts {
        let mut facts = Facts::default();
        let mut origins = vec![None; self.documents.len()];
        if let Some(first) = origins.first_mut() {
            *first = Some(origin);
        }
        // A document comes after the one that holds it.
        for (at, document) in self.documents.iter().enumerate() {
            let Some((x, y)) = origins[at] else { continue };
            let (x, y) = (x - document.scroll_offset_x, y - document.scroll_offset_y);
            document.collect(&self.strings, (x, y), &mut facts);
            let inner = &document.nodes.content_document_index;
            for (&node, &index) in inner.index.iter().zip(&inner.value) {
                let Some(&owner) = document.nodes.backend_node_id.get(node) else { continue };
                let rect = facts.by_node.get(&owner).and_then(|fact| fact.rect);
                if let (Some(rect), Some(place)) = (rect, origins.get_mut(index)) {
                    *place = Some((rect.x, rect.y));
                }
                if let Some(inner) = self.documents.get(index)
                    && let Some(frame) = self.string(inner.frame_id)
                {
                    facts.owners.insert(frame.to_owned(), owner);
                }
            }
        }
        facts
    }

    fn string(&self, index: i64) -> Option<&str> {
        self.strings.get(usize::try_from(index).ok()?).map(String::as_str)
    }
}

impl Document {
    fn collect(&self, strings: &[String], (dx, dy): (f64, f64), facts: &mut Facts) {
        let backend = &self.nodes.backend_node_id;
        for (node, bounds) in self.layout.node_index.iter().zip(&self.layout.bounds) {
            let (Some(&id), &[x, y, width, height]) = (backend.get(*node), bounds.as_slice())
            else {
                continue;
            };
            let rect = Rect { x, y, width, height }.moved(dx, dy);
            facts.by_node.entry(id).or_default().rect = Some(rect);
        }
        for node in &self.nodes.is_clickable.index {
            if let Some(&id) = backend.get(*node) {
                facts.by_node.entry(id).or_default().is_clickable = true;
            }
        }
        let text = |index: i64| usize::try_from(index).ok().and_then(|index| strings.get(index));
        for (attributes, &id) in self.nodes.attributes.iter().zip(backend) {
            for pair in attributes.chunks_exact(2) {
                let (Some(name), Some(value)) = (text(pair[0]), text(pair[1])) else { continue };
                match name.as_str() {
                    "id" => value.clone_into(&mut facts.by_node.entry(id).or_default().id),
                    "draggable" if value == "true" => {
                        facts.by_node.entry(id).or_default().is_draggable = true;
                    }
                    _ => {}
                }
            }
        }
    }
}
