//! What is told of pages.

use oh_browser::Wanted;

use crate::support::{Desk, LIMIT, bid};

#[tokio::test]
async fn frames_of_this_and_of_other_sites_are_used_like_the_page() {
    let Some(desk) = Desk::open().await else { return };
    let page = desk.goto("/frames").await;
    for host in ["127.0.0.1", "localhost"] {
        let button = bid(&page, &format!("'Press me at {host}'"));
        let pressed = desk.done(&format!("click('{button}')")).await;
        let expected = format!("'Pressed at {host}'");
        assert!(pressed.content.contains(&expected), "{}", pressed.content);
    }
    let fields: Vec<String> = page
        .content
        .lines()
        .filter(|line| line.contains("textbox 'Inside'"))
        .map(|line| line.trim().split(['[', ']']).nth(1).unwrap().to_owned())
        .collect();
    assert_eq!(fields.len(), 2, "{}", page.content);
    for field in fields {
        let filled = desk.done(&format!("fill('{field}', 'in {field}')")).await;
        assert!(filled.content.contains(&format!("value='in {field}'")), "{}", filled.content);
    }
}

#[tokio::test]
async fn closed_shadow_trees_are_used_like_the_page() {
    let Some(desk) = Desk::open().await else { return };
    let page = desk.goto("/shadow").await;
    let script =
        format!("click('{}')\nfill('{}', 'x')", bid(&page, "'Deep'"), bid(&page, "'Deep field'"));
    let used = desk.done(&script).await;
    assert!(used.content.contains("Deep was pressed"), "{}", used.content);
    assert!(used.content.contains("value='x'"), "{}", used.content);
}

#[tokio::test]
async fn the_tree_of_a_long_page_is_bounded_and_shows_what_is_seen() {
    let Some(desk) = Desk::open().await else { return };
    let page = desk.goto("/long").await;
    assert!(page.content.chars().count() < 31_000, "{}", page.content.len());
    assert!(page.content.contains("'Button number 0'") && page.content.contains("left out"));
    assert!(!page.content.contains("'Button number 2999'"));
    let end = desk.done("scroll(0, 100000)").await;
    assert!(end.content.chars().count() < 31_000);
    assert!(end.content.contains("'Button number 2999'"), "{}", end.content);
    assert!(!end.content.contains("'Button number 0'"));
}

#[tokio::test]
async fn a_page_is_read_as_text() {
    let Some(desk) = Desk::open().await else { return };
    let page = desk.browser.open(&format!("{}/text", desk.url), Wanted::Text, LIMIT).await;
    let expected = format!(
        "# The title\nSome bold words and [a link]({}/next?x=1).\n- One\n- Two\n\n| Name | Age\n| Ada | 36 ![A diagram]",
        desk.url
    );
    assert!(page.content.ends_with(&expected), "{}", page.content);
}

#[tokio::test]
async fn numbers_of_a_page_that_was_left_are_refused() {
    let Some(desk) = Desk::open().await else { return };
    let page = desk.goto("/dialogs").await;
    let old = bid(&page, "'Alert'");
    let next = desk.goto("/covered").await;
    assert!(desk.fails(&format!("click('{old}')")).await.contains("no longer shown"));
    assert!(desk.fails("click('99999')").await.contains("there is no element [99999]"));
    assert!(desk.fails("click('OK button')").await.contains("not the number of an element"));
    assert_ne!(old, bid(&next, "'Cancel'"), "no number is given twice");
}

#[tokio::test]
async fn documents_of_the_workspace_are_shown() {
    let Some(desk) = Desk::open().await else { return };
    let path = desk.workspace().join("paper.pdf");
    std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/pages/paper.pdf"), &path).unwrap();
    let paper = desk.done(&format!("goto('{}')\nnoop(1000)", path.display())).await;
    assert!(paper.content.contains("textbox 'Page number' value='1'"), "{}", paper.content);
}
