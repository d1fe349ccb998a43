//! Where on the page an element is.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use crate::cdp::{Cdp, CdpError, SessionId};

/// Deepest nesting of frames of different sites.
const MAX_NESTING: usize = 16;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FrameOwner {
    backend_node_id: i64,
}

#[derive(Deserialize)]
struct BoxModel {
    model: Model,
}

#[derive(Deserialize)]
struct Model {
    content: Vec<f64>,
}

#[derive(Deserialize)]
struct Quads {
    quads: Vec<Vec<f64>>,
}

/// Returns the element that holds a frame of another site.
pub(crate) async fn frame_owner(
    cdp: &Cdp,
    parent: &SessionId,
    frame: &str,
) -> Result<i64, CdpError> {
    let params = json!({"frameId": frame});
    let owner: FrameOwner = cdp.call(Some(parent), "DOM.getFrameOwner", params).await?;
    Ok(owner.backend_node_id)
}

/// Returns where the page of a session begins in the window.
pub(crate) async fn origin(
    cdp: &Cdp,
    session: &SessionId,
    parents: &HashMap<SessionId, (SessionId, Arc<str>)>,
) -> Result<(f64, f64), CdpError> {
    let (mut x, mut y) = (0.0, 0.0);
    let mut at = session;
    for _ in 0..MAX_NESTING {
        let Some((parent, frame)) = parents.get(at) else { break };
        let owner = frame_owner(cdp, parent, frame).await?;
        let params = json!({"backendNodeId": owner});
        let BoxModel { model } = cdp.call(Some(parent), "DOM.getBoxModel", params).await?;
        if let [left, top, ..] = model.content[..] {
            (x, y) = (x + left, y + top);
        }
        at = parent;
    }
    Ok((x, y))
}

/// Returns the middle of an element, from the corner of its session's page; `None` if it has no size.
pub(crate) async fn middle(
    cdp: &Cdp,
    session: &SessionId,
    backend: i64,
) -> Result<Option<(f64, f64)>, CdpError> {
    let params = json!({"backendNodeId": backend});
    let Quads { quads } = cdp.call(Some(session), "DOM.getContentQuads", params).await?;
    Ok(quads.iter().find_map(|quad| {
        let (xs, ys): (Vec<f64>, Vec<f64>) =
            quad.chunks_exact(2).map(|point| (point[0], point[1])).unzip();
        let span = |values: &[f64]| {
            let (low, high) = values
                .iter()
                .fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(*v), high.max(*v)));
            (high - low >= 1.0).then_some(f64::midpoint(low, high))
        };
        Some((span(&xs)?, span(&ys)?))
    }))
}
