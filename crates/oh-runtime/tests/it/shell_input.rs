//! Text and keys for a running command.

use std::time::Duration;

use crate::support::{Fixture, LONG};

const SHORT: Duration = Duration::from_millis(700);

/// Prints the bytes it gets, one by one, until an `x`.
const KEY_READER: &str = "python3 -c \"
import sys, tty
tty.setraw(0)
print('ready', end='\\r\\n', flush=True)
while True:
    byte = sys.stdin.buffer.raw.read(1)
    if byte == b'x': break
    print(byte.hex(), end=' ', flush=True)
\"";

#[tokio::test]
async fn text_for_a_command_is_never_refused() {
    let fixture = Fixture::new();
    assert_eq!(fixture.run_for("cat > got", SHORT).await.metadata.exit_code, -1);
    let texts = ["two\nlines", "{\"a\": 1}", "if ( then", "C-cc", "echo a\necho b\n", "  kept  "];
    for text in texts {
        let observation = fixture.input(text, Some(Duration::from_millis(50))).await;
        assert_eq!(observation.metadata.exit_code, -1, "{observation:?}");
    }
    assert_eq!(fixture.input("C-d", Some(LONG)).await.metadata.exit_code, 0);
    let got = std::fs::read_to_string(fixture.workspace().join("got")).unwrap();
    assert_eq!(got, "two\nlines\n{\"a\": 1}\nif ( then\nC-cc\necho a\necho b\n  kept  \n");
}

#[tokio::test]
async fn every_named_key_arrives_as_a_terminal_sends_it() {
    let fixture = Fixture::new();
    fixture.run_for(KEY_READER, Duration::from_secs(2)).await;
    let keys = [
        ("C-a", "01"),
        ("C-z", "1a"),
        ("CTRL-x", "18"),
        ("CTRL+B", "02"),
        ("ENTER", "0a"),
        ("TAB", "09"),
        ("BS", "7f"),
        ("ESC", "1b"),
        ("UP", "1b 5b 41"),
        ("DOWN", "1b 5b 42"),
        ("RIGHT", "1b 5b 43"),
        ("LEFT", "1b 5b 44"),
        ("HOME", "1b 5b 48"),
        ("END", "1b 5b 46"),
        ("PGUP", "1b 5b 35 7e"),
        ("PGDN", "1b 5b 36 7e"),
        ("F", "46 0a"),
    ];
    let mut seen = String::new();
    let mut expected = String::new();
    for (key, bytes) in keys {
        seen.push_str(&fixture.input(key, Some(Duration::from_millis(100))).await.content);
        seen.push(' ');
        expected.push_str(bytes);
        expected.push(' ');
    }
    let last = fixture.input("x", Some(LONG)).await;
    assert_eq!(last.metadata.exit_code, 0);
    seen.push_str(&last.content);
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let seen: Vec<_> = words(&seen).into_iter().filter(|word| word != "ready").collect();
    assert_eq!(seen, words(&expected));
}

#[tokio::test]
async fn a_key_without_a_command_does_nothing() {
    let fixture = Fixture::new();
    for (key, answer) in [
        ("C-c", "No command is running: CTRL+C had nothing to do."),
        ("C-l", "No command is running: CTRL+L had nothing to do."),
        ("C-d", "ERROR: No command is running, so there is nothing that could take this input."),
    ] {
        let observation = fixture.run(key).await;
        assert_eq!(
            (observation.content.as_str(), observation.metadata.exit_code),
            (answer, -1),
            "{key}"
        );
    }
    assert!(fixture.input("UP", None).await.content.starts_with("ERROR: No command is running"));
    // A key before the first prompt leaves the first result as it is.
    fixture.check("echo first", "first", 0).await;
}

#[tokio::test]
async fn an_interrupt_ends_a_command_unless_it_is_handled() {
    let fixture = Fixture::new();
    fixture.run_for("sleep 30", Duration::from_millis(200)).await;
    let observation = fixture.run("C-c").await;
    assert_eq!(observation.metadata.exit_code, 130);
    assert!(!observation.content.contains("^C"), "{observation:?}");
    fixture.check("echo $?", "130", 0).await;
    let handler = "bash -c 'trap \"echo bye; exit 0\" INT; echo up; while :; do sleep 0.1; done'";
    assert_eq!(fixture.run_for(handler, Duration::from_secs(1)).await.content, "up");
    let observation = fixture.run("CTRL+c").await;
    assert_eq!((observation.content.as_str(), observation.metadata.exit_code), ("bye", 0));
    assert!(observation.metadata.suffix.contains("CTRL+C was sent."));
}

#[tokio::test]
async fn the_model_is_told_who_waits_for_input_and_who_does_not() {
    let fixture = Fixture::with(|config| config.soft_timeout = SHORT);
    for (command, waits) in [
        ("cat", true),
        ("read line", true),
        ("read -e line", true),
        ("python3 -c 'import readline; input()'", true),
        ("(sleep 0.1; cat) | cat", true),
        ("sleep 30", false),
        ("sleep 30 | cat", false),
        ("cat < <(sleep 30)", false),
    ] {
        let observation = fixture.run_softly(command).await;
        let suffix = observation.metadata.suffix;
        assert!(suffix.contains("No new output for 0."), "{command}: {suffix}");
        assert_eq!(suffix.contains("It seems to wait for input."), waits, "{command}: {suffix}");
        fixture.run("C-c").await;
        fixture.check("echo usable", "usable", 0).await;
    }
}
