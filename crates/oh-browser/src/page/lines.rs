//! The accessibility tree as lines, each an element or a text.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::ax::AxNode;
use super::boxes::{Facts, Rect};
use super::elements::{Element, Elements};
use crate::cdp::SessionId;

/// Deepest line that is indented.
const MAX_DEPTH: usize = 60;
/// Longest name or value that is shown, in characters.
const MAX_TEXT: usize = 1000;
/// Roles of what groups others and says nothing itself.
const GROUPS: [&str; 8] = [
    "generic",
    "group",
    "paragraph",
    "Section",
    "LayoutTable",
    "LayoutTableRow",
    "LayoutTableCell",
    "list",
];

/// One element, or a piece of text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line {
    pub(super) depth: usize,
    pub(super) role: String,
    pub(super) name: String,
    pub(super) value: String,
    pub(super) number: Option<u32>,
    /// What else is to be known, such as `checked`.
    pub(super) details: Vec<String>,
    /// Where a link leads.
    pub(super) url: Option<String>,
    pub(super) level: Option<u8>,
    pub(super) rect: Option<Rect>,
    pub(super) is_focused: bool,
    /// Its text is already in the name of what it is in.
    pub(super) is_repeated: bool,
}

/// The nodes of one frame, and whose they are.
#[derive(Debug)]
pub(super) struct FrameTree {
    pub(super) session: SessionId,
    pub(super) frame: Arc<str>,
    pub(super) loader: Arc<str>,
    pub(super) nodes: Vec<AxNode>,
}

/// All frames of a page.
#[derive(Debug, Default)]
pub(super) struct Frames {
    pub(super) trees: Vec<FrameTree>,
    pub(super) facts: HashMap<SessionId, Facts>,
    /// The frame that an element holds.
    pub(super) inside: HashMap<(SessionId, i64), Arc<str>>,
}

/// Returns the lines of the page whose own frame is `main`.
pub(super) fn lines(frames: &Frames, main: &str, elements: &mut Elements) -> Vec<Line> {
    let mut writer = Writer { frames, elements, lines: Vec::new(), seen: HashSet::new() };
    writer.frame(main, 0);
    writer.lines
}

struct Writer<'a> {
    frames: &'a Frames,
    elements: &'a mut Elements,
    lines: Vec<Line>,
    seen: HashSet<Arc<str>>,
}

impl Writer<'_> {
    fn frame(&mut self, frame: &str, depth: usize) {
        let Some(tree) = self.frames.trees.iter().find(|tree| *tree.frame == *frame) else {
            return;
        };
        if !self.seen.insert(tree.frame.clone()) {
            return;
        }
        let by_id: HashMap<&str, &AxNode> =
            tree.nodes.iter().map(|node| (node.node_id.as_str(), node)).collect();
        // Children are written before those that follow; what remains stands on a stack, since
        // pages may be deeper than ours.
        let root = tree.nodes.iter().find(|node| node.parent_id.is_none());
        let mut open: Vec<(&AxNode, usize, String)> =
            root.map(|root| (root, depth, String::new())).into_iter().collect();
        while let Some((node, depth, above)) = open.pop() {
            let (inner, name) = self.node(tree, node, depth, &above);
            let children = node.child_ids.iter().rev().filter_map(|id| by_id.get(id.as_str()));
            open.extend(children.map(|child| (*child, inner, name.clone())));
        }
    }

    /// Writes a node; returns the depth of what is in it, and the text that need not be repeated.
    fn node(
        &mut self,
        tree: &FrameTree,
        node: &AxNode,
        depth: usize,
        above: &str,
    ) -> (usize, String) {
        let role = node.role();
        let name = node.name();
        let fact =
            node.backend.and_then(|id| self.frames.facts.get(&tree.session)?.by_node.get(&id));
        let is_notable =
            fact.is_some_and(|fact| fact.is_clickable || fact.is_draggable || !fact.id.is_empty());
        let is_silent = match role {
            "" => true,
            "StaticText" | "ListMarker" => name.is_empty(),
            role if GROUPS.contains(&role) => {
                name.is_empty() && !node.is("focusable") && !is_notable
            }
            _ => false,
        };
        if is_silent {
            return (depth, above.to_owned());
        }
        let mut details = details(node);
        if let Some(fact) = fact.filter(|_| GROUPS.contains(&role)) {
            let notes = [(fact.is_clickable, "clickable"), (fact.is_draggable, "draggable")];
            details.extend(notes.iter().filter(|(is, _)| *is).map(|(_, text)| (*text).to_owned()));
            if !fact.id.is_empty() {
                details.push(format!("id={}", shorten(&fact.id)));
            }
        }
        let number = node.backend.filter(|_| role != "StaticText").map(|backend| {
            self.elements.number(Element {
                session: tree.session.clone(),
                frame: tree.frame.clone(),
                loader: tree.loader.clone(),
                backend,
            })
        });
        self.lines.push(Line {
            depth: depth.min(MAX_DEPTH),
            role: role.to_owned(),
            name: shorten(&name),
            value: shorten(&node.value()),
            number,
            details,
            url: node.text_of("url"),
            level: node.text_of("level").and_then(|level| level.parse().ok()),
            rect: fact.and_then(|fact| fact.rect),
            is_focused: node.is("focused") && role != "RootWebArea",
            is_repeated: matches!(role, "StaticText" | "ListMarker") && above.contains(&name),
        });
        if let Some(backend) = node.backend
            && let Some(inner) = self.frames.inside.get(&(tree.session.clone(), backend))
        {
            self.frame(&inner.clone(), depth + 1);
        }
        // The text in a field is its value.
        (depth + 1, format!("{name}\n{}", node.value()))
    }
}

fn details(node: &AxNode) -> Vec<String> {
    let mut details = Vec::new();
    for name in ["disabled", "required", "readonly", "multiline", "modal", "busy"] {
        if node.is(name) {
            details.push(name.to_owned());
        }
    }
    for name in ["checked", "pressed", "expanded", "selected"] {
        if let Some(value) = node.text_of(name)
            && (value != "false" || name != "selected")
        {
            details.push(format!("{name}={value}"));
        }
    }
    for (name, shown) in
        [("invalid", "invalid"), ("hasPopup", "popup"), ("valuemin", "min"), ("valuemax", "max")]
    {
        if let Some(value) = node.text_of(name)
            && !matches!(value.as_str(), "false" | "0")
        {
            details.push(format!("{shown}={value}"));
        }
    }
    details
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
