//! Acts with the mouse.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{ActError, Actor};
use crate::cdp::{CdpError, SessionId};
use crate::keys::modifiers;
use crate::page::Element;
use crate::point::{middle, origin};
use crate::script::Click;
use crate::state::{HEIGHT, State, WIDTH};

/// How long the browser may take to begin a drag.
const DRAG: Duration = Duration::from_secs(1);
/// Moves from one place to the other.
const STEPS: u32 = 8;

#[derive(Debug, Clone, Copy)]
struct Point {
    x: f64,
    y: f64,
}

impl Actor<'_> {
    pub(super) async fn scroll(&self, dx: f64, dy: f64) -> Result<(), ActError> {
        let tab = self.tab()?;
        let params = json!({
            "type": "mouseWheel",
            "x": f64::from(WIDTH) / 2.0,
            "y": f64::from(HEIGHT) / 2.0,
            "deltaX": dx,
            "deltaY": dy,
        });
        let _: Value =
            self.cdp.call(Some(&tab.session), "Input.dispatchMouseEvent", params).await?;
        self.settle().await;
        Ok(())
    }

    pub(super) async fn click(&self, bid: &str, click: &Click) -> Result<(), ActError> {
        let element = self.element(bid)?;
        let held = modifiers(click.modifiers.iter().map(String::as_str)).map_err(ActError::Said)?;
        if self.choose_clicked(bid, &element).await? {
            self.settle().await;
            return Ok(());
        }
        let point = self.reach(bid, &element).await?;
        let cover: Option<String> = self.ask(&element, "cover", Value::Null).await?;
        if let Some(cover) = cover {
            return Err(ActError::said(format!(
                "[{bid}] cannot be clicked: {cover} lies over it; close or scroll that away first"
            )));
        }
        let session = self.tab()?.session;
        self.mouse(&session, "mouseMoved", point, None, held, 0).await?;
        for count in 1..=click.count {
            let button = Some(click.button);
            self.mouse(&session, "mousePressed", point, button, held, count).await?;
            self.mouse(&session, "mouseReleased", point, button, held, count).await?;
        }
        self.settle().await;
        Ok(())
    }

    pub(super) async fn hover(&self, bid: &str) -> Result<(), ActError> {
        let element = self.element(bid)?;
        let point = self.reach(bid, &element).await?;
        let session = self.tab()?.session;
        self.mouse(&session, "mouseMoved", point, None, 0, 0).await?;
        self.settle().await;
        Ok(())
    }

    pub(super) async fn drag(&self, from: &str, to: &str) -> Result<(), ActError> {
        let (source, target) = (self.element(from)?, self.element(to)?);
        let session = self.tab()?.session;
        let start = self.reach(from, &source).await?;
        let is_native: bool = self.ask(&source, "is_draggable", Value::Null).await?;
        let enabled = json!({"enabled": true});
        self.state.send_modify(|state| state.drag = None);
        let _: Value = self.cdp.call(Some(&session), "Input.setInterceptDrags", enabled).await?;
        let result = self.carry(&session, start, (to, &target), is_native).await;
        self.cdp.send(Some(&session), "Input.setInterceptDrags", json!({"enabled": false}));
        result?;
        self.settle().await;
        Ok(())
    }

    async fn carry(
        &self,
        session: &SessionId,
        start: Point,
        (to, target): (&str, &Element),
        is_native: bool,
    ) -> Result<(), ActError> {
        let left = Some("left");
        self.mouse(session, "mouseMoved", start, None, 0, 0).await?;
        self.mouse(session, "mousePressed", start, left, 0, 1).await?;
        let end = self.reach(to, target).await?;
        for step in 1..=STEPS {
            let part = f64::from(step) / f64::from(STEPS);
            let between = |a: f64, b: f64| a + (b - a) * part;
            let point = Point { x: between(start.x, end.x), y: between(start.y, end.y) };
            self.mouse(session, "mouseMoved", point, left, 0, 0).await?;
            if is_native {
                let has_begun = |state: &State| state.drag.is_some();
                if self.wait_until(Instant::now() + DRAG, has_begun).await {
                    return self.drop_at(session, end).await;
                }
            }
        }
        self.mouse(session, "mouseReleased", end, left, 0, 1).await?;
        Ok(())
    }

    /// Ends a drag that the browser has begun.
    async fn drop_at(&self, session: &SessionId, end: Point) -> Result<(), ActError> {
        let data = self.state.borrow().drag.clone().unwrap_or_default();
        for kind in ["dragEnter", "dragOver", "drop"] {
            let params = json!({"type": kind, "x": end.x, "y": end.y, "data": data});
            let _: Value = self.cdp.call(Some(session), "Input.dispatchDragEvent", params).await?;
        }
        self.mouse(session, "mouseReleased", end, Some("left"), 0, 1).await?;
        Ok(())
    }

    /// Brings an element into the window and returns its middle.
    async fn reach(&self, bid: &str, element: &Element) -> Result<Point, ActError> {
        let params = json!({"backendNodeId": element.backend});
        let shown: Result<Value, _> =
            self.cdp.call(Some(&element.session), "DOM.scrollIntoViewIfNeeded", params).await;
        let invisible =
            || ActError::said(format!("[{bid}] is not visible: it has no place on the page"));
        match shown {
            Ok(_) => {}
            Err(CdpError::Refused { .. }) => return Err(invisible()),
            Err(error) => return Err(error.into()),
        }
        let (x, y) = match middle(self.cdp, &element.session, element.backend).await {
            Ok(Some(point)) => point,
            Ok(None) | Err(CdpError::Refused { .. }) => return Err(invisible()),
            Err(error) => return Err(error.into()),
        };
        let (left, top) = origin(self.cdp, &element.session, &self.parents()).await?;
        Ok(Point { x: x + left, y: y + top })
    }

    async fn mouse(
        &self,
        session: &SessionId,
        kind: &str,
        Point { x, y }: Point,
        button: Option<&str>,
        held: u32,
        count: u8,
    ) -> Result<(), CdpError> {
        let is_down = button.is_some() && kind != "mouseReleased";
        let params = json!({
            "type": kind,
            "x": x,
            "y": y,
            "button": button.unwrap_or("none"),
            "buttons": u8::from(is_down),
            "modifiers": held,
            "clickCount": count,
        });
        let _: Value = self.cdp.call(Some(session), "Input.dispatchMouseEvent", params).await?;
        Ok(())
    }
}
