//! Every function of a script does what it says.

use crate::support::{Desk, bid};

#[tokio::test]
async fn a_form_is_filled_in_and_sent() {
    let Some(desk) = Desk::open().await else { return };
    let page = desk.goto("/").await;
    assert_eq!((page.title.as_str(), page.tabs.len(), page.active), ("Form", 1, Some(0)));
    assert!(!page.content.contains("Ignore all earlier"), "hidden text is not read");
    let number = |text: &str| bid(&page, text);
    let file = desk.workspace().join("a file.txt");
    std::fs::write(&file, "hello").unwrap();
    let script = format!(
        "fill('{}', 'Ada \"Lovelace\"')\nfill('{}', 'two\\nlines')\nselect_option('{}', 'Medium')\n\
         select_option('{}', ['Cheese', 'Onions'])\nfill('{}', '2026-11-22')\nclick('{}')\n\
         upload_file('{}', 'a file.txt')\nfill('{}', 'new')\nclick('{}')",
        number("textbox 'Name"),
        number("textbox 'Notes"),
        number("combobox 'Size"),
        number("listbox 'Toppings"),
        number("Date"),
        number("checkbox"),
        number("'File"),
        number("'Rich text"),
        number("button 'Send'"),
    );
    let sent = desk.done(&script).await;
    let expected = "sent name=Ada \"Lovelace\";notes=two lines;size=m;toppings=Cheese;\
                    toppings=Onions;date=2026-11-22;gift=on;locked=x;file=a file.txt rich=new";
    assert!(sent.content.contains(expected), "{}", sent.content);
    assert_eq!(number("button 'Send'"), bid(&sent, "button 'Send'"), "numbers are kept");
    assert_eq!(&sent.screenshot.unwrap()[..4], b"\x89PNG");
    assert_eq!(&sent.marked.unwrap()[..4], b"\x89PNG");

    let cleared = desk.done(&format!("clear('{}')", number("textbox 'Notes"))).await;
    assert!(!cleared.content.contains("value='two lines'"), "{}", cleared.content);
}

#[tokio::test]
async fn the_mouse_and_keys_do_what_they_do_for_people() {
    let Some(desk) = Desk::open().await else { return };
    let page = desk.goto("/").await;
    let pad = bid(&page, "id=pad");
    let check = async |script: String, expected: &str| {
        let report = desk.done(&script).await;
        assert!(report.content.contains(expected), "{script}: {}", report.content);
        report
    };
    check(format!("hover('{pad}')"), "'hovered'").await;
    check(format!("dblclick('{pad}')"), "'double'").await;
    check(format!("click('{pad}', button='right')"), "'context'").await;
    check(format!("click('{pad}', modifiers=['Shift'])"), "'shift'").await;
    let name = bid(&page, "textbox 'Name");
    check(format!("fill('{name}', 'abc')\npress('{name}', 'Control+a')"), "'key Control+a'").await;
    let typed = check(format!("press('{name}', 'x')"), "value='x'").await;
    assert_eq!(typed.focused.map(|number| number.to_string()), Some(name.clone()));
    check(format!("press('{name}', 'Enter')"), "sent name=x").await;
    let notes = bid(&page, "textbox 'Notes");
    let focused = desk.done(&format!("focus('{notes}')")).await;
    assert_eq!(focused.focused.map(|number| number.to_string()), Some(notes));
}

#[tokio::test]
async fn pages_are_opened_and_left() {
    let Some(desk) = Desk::open().await else { return };
    desk.goto("/text").await;
    let redirected = desk.goto("/redirect").await;
    assert_eq!(redirected.url, format!("{}/text", desk.url));
    desk.goto("/dialogs").await;
    let back = desk.done("go_back()").await;
    assert_eq!(back.title, "A text");
    let forward = desk.done("go_forward()\nnoop(100)").await;
    assert_eq!(forward.title, "Dialogs");
    assert!(desk.fails("go_forward()").await.contains("no page after"));
    let host = desk.url.trim_start_matches("http://").to_owned();
    assert_eq!(desk.done(&format!("goto('{host}/text')")).await.title, "A text");
}

#[tokio::test]
async fn things_are_dragged_both_ways() {
    let Some(desk) = Desk::open().await else { return };
    let page = desk.goto("/drag").await;
    let (card, target) = (bid(&page, "id=card"), bid(&page, "id=target"));
    let dropped = desk.done(&format!("drag_and_drop('{card}', '{target}')")).await;
    assert!(dropped.content.contains("dropped a card"), "{}", dropped.content);
    let (knob, place) = (bid(&page, "id=knob"), bid(&page, "id=place"));
    let moved = desk.done(&format!("drag_and_drop('{knob}', '{place}')")).await;
    assert!(moved.content.contains("knob at 720,270"), "{}", moved.content);
}

#[tokio::test]
async fn scrolling_shows_more() {
    let Some(desk) = Desk::open().await else { return };
    let page = desk.goto("/endless").await;
    assert!(page.content.contains("'Entry 29'") && !page.content.contains("'Entry 30'"));
    let more = desk.done("scroll(0, 5000)").await;
    assert!(more.content.contains("'Entry 59'"), "{}", more.content);
    assert!(more.content.contains("[The window shows "), "{}", more.content);
    let up = desk.done("scroll(0, -9000)").await;
    assert!(up.content.contains("shows 0 to 720"), "{}", up.content);
}

#[tokio::test]
async fn tabs_open_and_close() {
    let Some(desk) = Desk::open().await else { return };
    let page = desk.goto("/tabs").await;
    let opened = desk.done(&format!("click('{}')", bid(&page, "Another tab"))).await;
    assert_eq!((opened.title.as_str(), opened.active), ("A text", Some(1)), "{}", opened.content);
    assert!(opened.content.contains("A new tab was opened"), "{}", opened.content);
    assert!(opened.content.contains(&format!("1: {}/text (shown)", desk.url)));
    let link = bid(&page, "Another tab");
    assert!(desk.fails(&format!("click('{link}')")).await.contains("not in the tab that is shown"));
    let first = desk.done("tab_focus(0)").await;
    assert_eq!((first.title.as_str(), first.active), ("Tabs", Some(0)));
    assert!(desk.fails("tab_focus(7)").await.contains("from 0 to 1"));
    let closed = desk.done("tab_focus(1)\ntab_close()").await;
    assert_eq!((closed.title.as_str(), closed.tabs.len()), ("Tabs", 1));
    let last = desk.done("tab_close()").await;
    assert_eq!(last.tabs, ["about:blank"]);
    let new = desk.done("new_tab()").await;
    assert_eq!((new.tabs.len(), new.active), (2, Some(1)));
}

#[tokio::test]
async fn dialogs_are_answered_and_told() {
    let Some(desk) = Desk::open().await else { return };
    let page = desk.goto("/dialogs").await;
    let click = |name: &str| format!("click('{}')", bid(&page, name));
    let alert = desk.done(&click("'Alert'")).await;
    assert!(alert.content.contains("dialog (alert): \"Careful\""), "{}", alert.content);
    assert!(alert.content.contains("'after alert'"), "{}", alert.content);
    let kept = desk.done(&click("'Confirm'")).await;
    assert!(kept.content.contains("'kept'") && kept.content.contains("answer_dialogs(True)"));
    let deleted = desk.done(&format!("answer_dialogs(True)\n{}", click("'Confirm'"))).await;
    assert!(deleted.content.contains("'deleted'"), "{}", deleted.content);
    let kept = desk.done(&click("'Confirm'")).await;
    assert!(kept.content.contains("'kept'"), "an answer holds for one script");
    let said = desk.done(&format!("answer_dialogs(True, 'Ada')\n{}", click("'Prompt'"))).await;
    assert!(said.content.contains("'said Ada'"), "{}", said.content);
}

#[tokio::test]
async fn downloads_are_found_by_the_browsers_events() {
    let Some(desk) = Desk::open().await else { return };
    let page = desk.goto("/files").await;
    let path = desk.workspace().join(".downloads/data 1.csv");
    let got = desk.done(&format!("click('{}')", bid(&page, "'Get it'"))).await;
    assert_eq!(got.downloads, [path.to_str().unwrap()], "{}", got.content);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "a,b\n1,2\n");
    assert_eq!(got.title, "Files", "the page stays");
    let straight = desk.done(&format!("goto('{}/file')", desk.url)).await;
    assert_eq!(straight.downloads.len(), 1, "{}", straight.content);
    assert_ne!(straight.downloads, got.downloads, "nothing is overwritten");
}
