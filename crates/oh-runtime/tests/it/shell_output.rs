//! What a command prints: when it is told, and in which form.

use std::time::{Duration, Instant};

use oh_event::{Action, RunAction};
use oh_runtime::{ActionRequest, Runtime};
use tokio::sync::mpsc;

use crate::support::{Fixture, LONG, command_action, run_observation};

#[tokio::test]
async fn a_slow_loop_is_seen_line_by_line() {
    let fixture = Fixture::new();
    let poll = Duration::from_millis(2500);
    let command = "for i in 1 2 3; do echo $i; sleep 3; done";
    let mut observation = fixture.run_for(command, poll).await;
    let mut seen = vec![observation.content.clone()];
    while observation.metadata.exit_code == -1 {
        assert!(observation.metadata.suffix.contains("timed out after 2.5 seconds"));
        observation = fixture.run_for("", poll).await;
        seen.push(observation.content.clone());
    }
    assert_eq!(observation.metadata.exit_code, 0);
    assert_eq!(seen, ["1", "2", "3", ""]);
}

#[tokio::test]
async fn live_output_comes_soon_and_in_small_pieces() {
    let fixture = Fixture::new();
    fixture.run("true").await;
    let (sink, mut chunks) = mpsc::channel(1000);
    let command = "echo now; sleep 2; seq 20000";
    let request = ActionRequest {
        action: Action::Run(command_action(command)),
        timeout: Some(LONG),
        output: Some(sink),
    };
    let began = Instant::now();
    let work = fixture.runtime.execute(request);
    let watch = async {
        let first = chunks.recv().await.unwrap();
        (first, began.elapsed(), chunks)
    };
    let (observation, (first, waited, mut chunks)) = tokio::join!(work, watch);
    // The sleep of two seconds is the proof: the first line did not wait for the second.
    assert_eq!(first, "now\n");
    assert!(waited < Duration::from_secs(2), "{waited:?}");
    let mut all = first;
    while let Ok(chunk) = chunks.try_recv() {
        assert!(chunk.len() <= 4096, "{}", chunk.len());
        all.push_str(&chunk);
    }
    let expected: String = (1..=20_000).map(|number| format!("{number}\n")).collect();
    assert_eq!(all, format!("now\n{expected}"));
    assert_eq!(run_observation(observation).metadata.exit_code, 0);
}

#[tokio::test]
async fn many_short_programs_are_no_silence() {
    let fixture = Fixture::with(|config| config.soft_timeout = Duration::from_millis(600));
    let command = "for i in $(seq 12); do \
        python3 -c 'import time\nt = time.process_time()\nwhile time.process_time() < t + 0.2: pass'; \
        done; echo done";
    let action = RunAction { command: command.to_owned(), ..RunAction::default() };
    let observation = run_observation(fixture.observe(action, None).await);
    assert_eq!((observation.content.as_str(), observation.metadata.exit_code), ("done", 0));
}

#[tokio::test]
async fn characters_are_whole_however_they_arrive() {
    let fixture = Fixture::new();
    let command = r"printf '\xe2'; sleep 0.3; printf '\x9c'; sleep 0.3; printf '\x93\n'";
    let (sink, mut chunks) = mpsc::channel(100);
    let request = ActionRequest {
        action: Action::Run(command_action(command)),
        timeout: Some(LONG),
        output: Some(sink),
    };
    assert_eq!(fixture.runtime.execute(request).await.content(), "✓");
    let mut seen = String::new();
    while let Ok(chunk) = chunks.try_recv() {
        seen.push_str(&chunk);
    }
    assert_eq!(seen, "✓\n");
    let lines: String = (0..40_000).map(|_| "ü\n").collect();
    let observation = fixture.run("yes ü | head -n 40000").await;
    assert!(lines.starts_with(observation.content.split("\n[...").next().unwrap()));
    assert!(!observation.content.contains('\u{fffd}'));
}

#[tokio::test]
async fn a_screen_program_leaves_the_shell_usable() {
    let fixture = Fixture::new();
    let command =
        r"printf '\e[?1049h\e[2J\e[1;1Htop\e[3;3Hthird\e[?1049l'; stty raw -echo; tput cup 0 0";
    let (content, exit_code) = fixture.output(command).await;
    assert_eq!(exit_code, 0);
    assert!(content.contains("top") && content.contains("third"), "{content:?}");
    assert!(!content.contains('\u{1b}'), "{content:?}");
    fixture.check("echo a; echo b", "a\nb", 0).await;
    fixture.check("cat <<EOF\nx\nEOF", "x", 0).await;
}

#[tokio::test]
async fn a_command_may_hold_any_text() {
    let fixture = Fixture::new();
    for text in [
        "tab\there",
        "a\\nb",
        "\\;\\|\\&",
        "~!@#%^&*()_+`",
        "\u{7f}\u{1}",
        "日本\u{200b}語",
        "  two  ",
    ] {
        let quoted = text.replace('\'', r"'\''");
        let command = format!("printf %s '{quoted}' | xxd -p | tr -d '\\n'");
        let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        fixture.check(&command, &hex, 0).await;
    }
}
