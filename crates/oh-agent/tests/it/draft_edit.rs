use oh_agent::{DraftPlan, DraftedLines, draft_observation, drafted_lines};
use oh_chat::ChatMessage;
use oh_event::{EditAction, EditImplSource, Observation};

fn action(content: &str, start: i64, end: i64) -> EditAction {
    EditAction {
        path: "/workspace/a.py".to_owned(),
        content: content.to_owned(),
        start,
        end,
        impl_source: EditImplSource::LlmBasedEdit,
        ..EditAction::default()
    }
}

fn lines(content: &str, start: usize, end: usize) -> DraftedLines {
    DraftedLines { content: content.to_owned(), start, end }
}

const FILE: &str = "one\ntwo\nthree\n";

#[test]
fn what_needs_no_model_is_written_as_it_is() {
    let check = |content: &str, file, start, expected| {
        let plan = DraftPlan::new(&action(content, start, -1), file);
        assert_eq!(plan, Ok(DraftPlan::Write(expected)), "{content}");
    };
    check("\n x = 1 \n\n", None, 1, lines("x = 1\n", 0, 0));
    check("four", Some(FILE), -1, lines("four\n", 3, 3));
}

#[test]
fn a_range_is_counted_from_one_and_holds_its_end() {
    let check = |start, end, expected: Option<(usize, usize)>| {
        let plan = DraftPlan::new(&action("x", start, end), Some(FILE));
        let found = match plan {
            Ok(DraftPlan::Ask { place, .. }) => Some((place.start, place.end)),
            Ok(DraftPlan::Write(_)) => None,
            Err(reason) => {
                assert!(reason.starts_with("ERROR:\n") && reason.contains("3 lines"), "{reason}");
                None
            }
        };
        assert_eq!(found, expected, "{start} {end}");
    };
    check(1, 3, Some((0, 3)));
    check(2, 2, Some((1, 2)));
    check(2, -1, Some((1, 3)));
    check(0, 2, None);
    check(3, 2, None);
    check(1, 4, None);
    check(4, -1, None);
    check(-2, -1, None);
}

#[test]
fn a_range_that_is_too_long_is_refused_with_what_may_be_meant() {
    let file: String = (1..=400).map(|n| format!("line {n}\n")).collect();
    let draft: String = (201..=220).map(|n| format!("line {n}\n")).collect();
    let reason = DraftPlan::new(&action(&draft, 1, -1), Some(&file)).unwrap_err();
    assert!(reason.contains("400 lines") && reason.contains("at most 301"), "{reason}");
    let first = reason.lines().find(|line| line.starts_with("Lines")).unwrap();
    assert_eq!(first, "Lines 201 to 220:");
    assert_eq!(reason.matches("Lines ").count(), 3);
}

#[test]
fn the_model_is_shown_the_file_the_lines_and_the_draft() {
    let plan = DraftPlan::new(&action("TWO", 2, 2), Some(FILE)).unwrap();
    let DraftPlan::Ask { request, .. } = plan else { panic!("{plan:?}") };
    let [ChatMessage::System { .. }, ChatMessage::User { text, .. }] = &request.messages[..] else {
        panic!("{request:?}")
    };
    assert!(
        text.contains("<old>\ntwo\n</old>") && text.contains("<draft>\nTWO\n</draft>"),
        "{text}"
    );
}

#[test]
fn answers_are_taken_from_between_the_tags() {
    let check = |answer: &str, expected: Option<&str>| {
        assert_eq!(drafted_lines(answer).as_deref(), expected, "{answer}");
    };
    check("Sure:\n<new>\n  a\nb\n</new>\nDone.", Some("  a\nb\n"));
    check("<new>a</new>", Some("a\n"));
    check("<new>\n#EDIT: I change it\na\n</new>", Some("a\n"));
    check("<new>\nx = '</new>'\n</new>", Some("x = '</new>'\n"));
    check("<new></new>", Some(""));
    check("no tags", None);
    check("<new>cut off", None);
}

#[test]
fn what_changed_is_shown_with_two_lines_around_it() {
    let file = "a\nb\nc\nd\ne\nf\ng\n";
    let observation = draft_observation(&action("D", 4, 4), Some(file), &lines("D\n", 3, 4));
    let Observation::Edit(edit) = observation else { panic!("{observation:?}") };
    assert_eq!(edit.new_content.as_deref(), Some("a\nb\nc\nD\ne\nf\ng\n"));
    let diff = edit.diff.unwrap();
    assert!(diff.ends_with("@@ -2,5 +2,5 @@\n b\n c\n-d\n+D\n e\n f\n"), "{diff}");
    assert!(edit.prev_exist);
}
