//! People look on, and use the browser for a moment.

use std::time::Duration;

use oh_browser::{Button, Control, Input, Live, LiveUpdate, View};

use crate::support::{Desk, bid};

async fn view(live: &mut Live, is_wanted: impl Fn(&View) -> bool) -> View {
    let find = async {
        loop {
            if let LiveUpdate::View(view) = live.next().await
                && is_wanted(&view)
            {
                return view;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), find).await.expect("a view")
}

async fn picture(live: &mut Live) -> (f64, f64) {
    let find = async {
        loop {
            if let LiveUpdate::Frame(frame) = live.next().await {
                assert_eq!(&frame.jpeg[..3], [0xff, 0xd8, 0xff]);
                return (frame.width, frame.height);
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), find).await.expect("a picture")
}

#[tokio::test]
async fn who_looks_on_sees_address_tabs_and_picture() {
    let Some(desk) = Desk::open().await else { return };
    let mut live = desk.browser.live();
    let before = view(&mut live, |_| true).await;
    assert_eq!((before.is_running, before.control), (false, Control::Agent));
    desk.goto("/text").await;
    let shown = view(&mut live, |view| view.tabs == [format!("{}/text", desk.url)]).await;
    assert!(shown.is_running);
    assert_eq!(picture(&mut live).await, (1280.0, 720.0));
    desk.browser.close().await;
    assert!(!view(&mut live, |view| !view.is_running).await.is_running);
}

#[tokio::test]
async fn a_person_takes_over_and_hands_back() {
    let Some(desk) = Desk::open().await else { return };
    let page = desk.goto("/").await;
    let mut live = desk.browser.live();
    let click = |kind: fn(f64, f64) -> Input| kind(100.0, 90.0);
    let press = |x, y| Input::Press { x, y, button: Button::Left, count: 1 };
    let release = |x, y| Input::Release { x, y, button: Button::Left, count: 1 };
    let refused = live.input(click(press)).await.unwrap_err();
    assert!(refused.contains("take it over first"), "{refused}");

    live.take_over();
    view(&mut live, |view| view.control == Control::User).await;
    let name = bid(&page, "textbox 'Name");
    let agent = desk.browser.clone();
    let focus = format!("focus('{name}')");
    let waiting = tokio::spawn(async move { agent.perform(&focus, Duration::from_secs(60)).await });
    live.input(click(press)).await.unwrap();
    live.input(click(release)).await.unwrap();
    // The first field has the focus, by a click or by Tab.
    live.input(Input::Keys { keys: "Tab".to_owned() }).await.unwrap();
    live.input(Input::Text { text: "typed by a person".to_owned() }).await.unwrap();
    live.input(Input::Scroll { x: 10.0, y: 10.0, dx: 0.0, dy: 1.0 }).await.unwrap();
    assert!(live.input(Input::Move { x: -1.0, y: 5.0, button: None }).await.is_err());
    assert!(live.input(Input::Goto { url: "chrome://settings".to_owned() }).await.is_err());
    assert!(!waiting.is_finished(), "the agent waits");
    live.hand_back();
    let report = waiting.await.unwrap();
    assert!(report.content.contains("The user has used the browser"), "{}", report.content);
    assert!(report.content.contains("typed by a person"), "{}", report.content);
    assert!(live.input(click(press)).await.is_err());
}

#[tokio::test]
async fn a_script_ends_where_a_person_takes_over() {
    let Some(desk) = Desk::open().await else { return };
    desk.goto("/text").await;
    let mut live = desk.browser.live();
    let agent = desk.browser.clone();
    let script = format!("goto('{}/slow')\ngoto('{}/dialogs')", desk.url, desk.url);
    let work = tokio::spawn(async move { agent.perform(&script, Duration::from_secs(60)).await });
    view(&mut live, |view| view.is_loading).await;
    live.take_over();
    let report = work.await.unwrap();
    assert!(report.error.contains("the user took the browser over"), "{}", report.content);
    assert_eq!(report.last_call, format!("goto('{}/dialogs')", desk.url));
    assert!(report.content.contains("[1 of 2 calls were made before it.]"), "{}", report.content);
    live.hand_back();
}
