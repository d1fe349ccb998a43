//! Pages that are broken or hostile.

use std::time::{Duration, Instant};

use crate::support::{Desk, bid};

#[tokio::test]
async fn what_lies_over_a_button_is_not_clicked_instead() {
    let Some(desk) = Desk::open().await else { return };
    let page = desk.goto("/covered").await;
    let problem = desk.fails(&format!("click('{}')", bid(&page, "'Cancel'"))).await;
    assert!(problem.contains("div#overlay 'Special offer' lies over it"), "{problem}");
    let after = desk.done("noop(1)").await;
    assert!(!after.content.contains("trapped"), "{}", after.content);
}

#[tokio::test]
async fn a_script_that_fails_says_where_and_still_shows_the_page() {
    let Some(desk) = Desk::open().await else { return };
    let page = desk.goto("/dialogs").await;
    let report =
        desk.run(&format!("click('{}')\nclick('77777')\nnoop()", bid(&page, "'Alert'"))).await;
    assert!(report.content.contains("[Error in `click('77777')`"), "{}", report.content);
    assert!(report.content.contains("[1 of 3 calls were made before it.]"), "{}", report.content);
    assert!(report.content.contains("'after alert'"), "{}", report.content);
    assert_eq!(report.last_call, "click('77777')");
    let wrong = desk.run("clik('1')").await;
    assert!(wrong.content.contains("did you mean `click`"), "{}", wrong.content);
}

#[tokio::test]
async fn a_page_that_never_loads_is_given_up() {
    let Some(desk) = Desk::open().await else { return };
    desk.goto("/text").await;
    let problem = desk.fails(&format!("goto('{}/never')", desk.url)).await;
    assert!(problem.contains("did not answer within 20 seconds"), "{problem}");
    let slow = desk.done(&format!("goto('{}/slow')", desk.url)).await;
    assert!(slow.content.contains("has not finished loading"), "{}", slow.content);
    assert!(slow.content.contains("'Already here'"), "{}", slow.content);
    assert_eq!(desk.goto("/text").await.title, "A text");
}

#[tokio::test]
async fn addresses_that_lead_nowhere_say_why() {
    let Some(desk) = Desk::open().await else { return };
    let refused = desk.fails("goto('http://127.0.0.1:1/')").await;
    assert!(refused.contains("ERR_CONNECTION_REFUSED") || refused.contains("UNSAFE"), "{refused}");
    let report = desk.run("goto('file:///no/such/file')").await;
    assert!(report.error.contains("no such file"), "{}", report.content);
    assert!(!report.content.contains("did not respond"), "{}", report.content);
    assert!(desk.fails("goto('chrome://settings')").await.contains("cannot be opened"));
    let file = desk.workspace().join("own.html");
    std::fs::write(&file, "<title>Own</title>").unwrap();
    assert_eq!(desk.done(&format!("goto('{}')", file.display())).await.title, "Own");
}

#[tokio::test]
async fn a_page_that_crashes_is_replaced() {
    let Some(desk) = Desk::open().await else { return };
    desk.goto("/text").await;
    let crashed = desk.run("goto('chrome://crash')").await;
    assert!(
        crashed.error.contains("cannot be opened"),
        "pages of the browser are closed to scripts"
    );
    desk.kill_renderers();
    // It is told even if it happened long before.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let after = desk.run("noop(1)").await;
    assert!(after.content.contains("The page crashed"), "{}", after.content);
    assert_eq!(after.tabs, ["about:blank"]);
    assert_eq!(desk.goto("/text").await.title, "A text");
}

#[tokio::test]
async fn a_page_that_hangs_is_stopped() {
    let Some(desk) = Desk::open().await else { return };
    let page = desk.goto("/trouble").await;
    let hung = desk.run(&format!("click('{}')", bid(&page, "'Hang'"))).await;
    assert!(hung.error.contains("does not respond"), "{}", hung.content);
    assert!(
        hung.content.contains("was stopped") || hung.content.contains("was closed"),
        "{}",
        hung.content
    );
    let again = desk.goto("/trouble").await;
    let works = desk.done(&format!("click('{}')", bid(&again, "'Works'"))).await;
    assert!(works.content.contains("'fine'"), "{}", works.content);
}

#[tokio::test]
async fn a_browser_that_was_killed_is_started_again_and_says_so() {
    let Some(desk) = Desk::open().await else { return };
    desk.goto("/text").await;
    desk.kill_browser();
    let after = desk.run(&format!("goto('{}/dialogs')", desk.url)).await;
    if after.error.is_empty() {
        assert!(after.content.contains("was started again"), "{}", after.content);
    } else {
        assert!(after.content.contains("The browser ended"), "{}", after.content);
    }
    assert_eq!(desk.goto("/text").await.title, "A text");
}

#[tokio::test]
async fn nothing_is_left_after_close() {
    let Some(desk) = Desk::open().await else { return };
    desk.goto("/frames").await;
    let count = desk.processes();
    assert!((2..=20).contains(&count), "{count} processes");
    desk.browser.close().await;
    let begin = Instant::now();
    while desk.processes() > 0 {
        assert!(begin.elapsed() < Duration::from_secs(10), "{} are left", desk.processes());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_script_that_is_given_up_leaves_a_browser_that_works() {
    let Some(desk) = Desk::open().await else { return };
    desk.goto("/text").await;
    let never = format!("goto('{}/never')", desk.url);
    let given_up = tokio::time::timeout(Duration::from_secs(1), desk.run(&never)).await;
    assert!(given_up.is_err());
    assert_eq!(desk.goto("/text").await.title, "A text");
    let limited = desk.browser.perform("noop(20000)", Duration::from_millis(300)).await;
    assert!(limited.error.contains("longer than"), "{}", limited.content);
}
