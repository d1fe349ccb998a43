//! Looks at the page that is shown.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use super::ax::AxTree;
use super::boxes::{Rect, Snapshot};
use super::elements::Elements;
use super::lines::{FrameTree, Frames, Line, lines};
use crate::cdp::{Cdp, CdpError, SessionId};
use crate::point::origin;
use crate::state::{HEIGHT, State, Tab, WIDTH};

/// Most frames of a page that are looked into.
const MAX_FRAMES: usize = 40;

/// A page as it was at one moment.
#[derive(Debug)]
pub(crate) struct Capture {
    pub(crate) title: String,
    pub(crate) lines: Vec<Line>,
    /// How far the page is scrolled and how high it is, in CSS pixels.
    pub(crate) scrolled: f64,
    pub(crate) height: f64,
    /// A PNG picture of what is seen.
    pub(crate) screenshot: Option<Vec<u8>>,
}

impl Capture {
    /// Returns the part of the page that is seen.
    pub(crate) fn window() -> Rect {
        Rect { x: 0.0, y: 0.0, width: WIDTH.into(), height: HEIGHT.into() }
    }

    /// Returns the numbers of elements that are seen, and where.
    pub(crate) fn marks(&self) -> Vec<(u32, Rect)> {
        let marked = self.lines.iter().filter(|line| is_marked(&line.role, &line.details));
        marked.filter_map(|line| Some((line.number?, line.rect?.cut(Self::window())?))).collect()
    }

    /// Returns the number of the element that takes keys.
    pub(crate) fn focused(&self) -> Option<u32> {
        self.lines.iter().rev().find(|line| line.is_focused).and_then(|line| line.number)
    }
}

/// Says whether something can be done with an element, so that it gets a mark in pictures.
fn is_marked(role: &str, details: &[String]) -> bool {
    const ROLES: [&str; 18] = [
        "button",
        "link",
        "textbox",
        "searchbox",
        "combobox",
        "checkbox",
        "radio",
        "switch",
        "slider",
        "spinbutton",
        "menuitem",
        "menuitemcheckbox",
        "menuitemradio",
        "tab",
        "option",
        "treeitem",
        "listbox",
        "DisclosureTriangle",
    ];
    ROLES.contains(&role)
        || details.iter().any(|detail| detail == "clickable" || detail == "draggable")
}

#[derive(Deserialize)]
struct Picture {
    data: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LayoutMetrics {
    css_visual_viewport: Viewport,
    css_content_size: Size,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Viewport {
    page_y: f64,
}

#[derive(Deserialize)]
struct Size {
    height: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FrameTreeAnswer {
    frame_tree: FrameNode,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FrameNode {
    frame: FrameInfo,
    #[serde(default)]
    child_frames: Vec<Self>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FrameInfo {
    id: String,
    loader_id: String,
}

/// Looks at a tab. What a page keeps back is missing, but a page that does not answer is an error.
pub(crate) async fn capture(
    cdp: &Cdp,
    sessions: Vec<(SessionId, Arc<str>)>,
    tab: &Tab,
    parents: &HashMap<SessionId, (SessionId, Arc<str>)>,
    elements: &mut Elements,
) -> Result<Capture, CdpError> {
    let screenshot = screenshot(cdp, &tab.session).await?;
    let metrics: LayoutMetrics =
        cdp.call(Some(&tab.session), "Page.getLayoutMetrics", json!({})).await?;
    let mut frames = Frames::default();
    for (session, frame) in sessions {
        if frames.trees.len() >= MAX_FRAMES {
            break;
        }
        let looked = look(cdp, &session, &frame, parents, &mut frames).await;
        if session == tab.session {
            looked?;
        }
    }
    let lines = lines(&frames, &tab.target, elements);
    let title = lines.first().map(|line| line.name.clone()).unwrap_or_default();
    let (scrolled, height) = (metrics.css_visual_viewport.page_y, metrics.css_content_size.height);
    Ok(Capture { title, lines, scrolled, height, screenshot: Some(screenshot) })
}

async fn screenshot(cdp: &Cdp, session: &SessionId) -> Result<Vec<u8>, CdpError> {
    use base64::Engine;

    let params = json!({"format": "png", "optimizeForSpeed": false});
    let picture: Picture = cdp.call(Some(session), "Page.captureScreenshot", params).await?;
    let decoded = base64::engine::general_purpose::STANDARD.decode(picture.data);
    decoded.map_err(|_| CdpError::Refused { message: "the picture cannot be read".to_owned() })
}

/// Looks at all frames of a session.
async fn look(
    cdp: &Cdp,
    session: &SessionId,
    frame: &Arc<str>,
    parents: &HashMap<SessionId, (SessionId, Arc<str>)>,
    frames: &mut Frames,
) -> Result<(), CdpError> {
    let begin = match parents.get(session) {
        Some(_) => origin(cdp, session, parents).await?,
        None => (0.0, 0.0),
    };
    let snapshot: Snapshot = cdp
        .call(
            Some(session),
            "DOMSnapshot.captureSnapshot",
            json!({"computedStyles": [], "includeDOMRects": false}),
        )
        .await?;
    let facts = snapshot.facts(begin);
    let tree: FrameTreeAnswer = cdp.call(Some(session), "Page.getFrameTree", json!({})).await?;
    let mut open = vec![tree.frame_tree];
    while let Some(FrameNode { frame, child_frames }) = open.pop() {
        if frames.trees.len() >= MAX_FRAMES {
            break;
        }
        open.extend(child_frames);
        let params = json!({"frameId": frame.id});
        let answer: Result<AxTree, CdpError> =
            cdp.call(Some(session), "Accessibility.getFullAXTree", params).await;
        // A frame may be gone by now.
        let Ok(AxTree { nodes }) = answer else { continue };
        let id: Arc<str> = frame.id.into();
        if let Some(owner) = facts.owners.get(&*id) {
            frames.inside.insert((session.clone(), *owner), id.clone());
        }
        let loader = frame.loader_id.into();
        frames.trees.push(FrameTree { session: session.clone(), frame: id, loader, nodes });
    }
    if let Some((parent, target)) = parents.get(session)
        && let Ok(owner) = crate::point::frame_owner(cdp, parent, target).await
    {
        frames.inside.insert((parent.clone(), owner), frame.clone());
    }
    frames.facts.insert(session.clone(), facts);
    Ok(())
}

impl State {
    /// Returns in which frame each session of a tab is shown.
    pub(crate) fn parents_of(&self, tab: &Tab) -> HashMap<SessionId, (SessionId, Arc<str>)> {
        let sessions = self.sessions_of(tab).into_iter();
        sessions.filter_map(|(id, _)| Some((id.clone(), self.parent_of(&id)?))).collect()
    }
}
