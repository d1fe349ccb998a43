use std::time::{Duration, Instant};

use oh_event::{Action, CommandMetadata, ErrorObservation, Observation, RunAction, RunObservation};
use oh_runtime::{ActionRequest, Runtime};
use tokio::sync::mpsc;

use crate::support::{Fixture, LONG, command_action, is_running, sleeper};

const SHORT: Duration = Duration::from_millis(700);

#[tokio::test]
async fn a_command_is_answered_with_output_and_facts() {
    let fixture = Fixture::new();
    let observation = fixture.run("echo hello && echo oops >&2").await;
    let RunObservation { content, command, metadata, hidden } = observation;
    let CommandMetadata { username, hostname, py_interpreter_path, .. } = metadata.clone();
    assert_eq!((content.as_str(), hidden), ("hello\noops", false));
    assert_eq!(command, "echo hello && echo oops >&2");
    assert!(username.is_some_and(|name| !name.is_empty()));
    assert!(hostname.is_some_and(|name| !name.is_empty()));
    assert!(py_interpreter_path.is_none_or(|path| path.starts_with('/')));
    let expected = CommandMetadata {
        exit_code: 0,
        pid: -1,
        working_dir: Some(fixture.workspace().to_string_lossy().into_owned()),
        prefix: String::new(),
        suffix: "\n[The command completed with exit code 0.]".to_owned(),
        ..metadata.clone()
    };
    assert_eq!(metadata, expected);
}

#[tokio::test]
async fn commands_arrive_verbatim() {
    let fixture = Fixture::new();
    fixture
        .check("no_such_command_here", "bash: no_such_command_here: command not found", 127)
        .await;
    fixture.check("true | false", "", 1).await;
    fixture.check("set -o pipefail; false | true; echo $?; set +o pipefail", "1", 0).await;
    fixture
        .check(
            r#"printf '%s\n' "a\"b" '$HOME' \; \| 'tab	x' "ü✓""#,
            "a\"b\n$HOME\n;\n|\ntab\tx\nü✓",
            0,
        )
        .await;
    fixture.check("printf '%s' 'one\ntwo'", "one\ntwo", 0).await;
    fixture.check(r"find . -maxdepth 0 -exec echo {} \; | sed 's/\./x\|y/'", "x|y", 0).await;
    fixture.check("cat <<'EOF'\n$x \"y\" 'z\n  two\\\nEOF", "$x \"y\" 'z\n  two\\", 0).await;
    fixture.check("if true; then\n  echo yes\nfi", "yes", 0).await;
    fixture.check("for i in 1 2; do\n  echo $i\ndone", "1\n2", 0).await;
    fixture.check("# a comment\necho after # another", "after", 0).await;
    fixture.check("echo !! !x", "!! !x", 0).await;
    fixture.check("(exit 7)", "", 7).await;
    fixture.check("echo $?", "7", 0).await;
    fixture.check("sh -c 'kill -INT $$'", "", 130).await;
    let long = format!("echo {} | wc -c", "x".repeat(100_000));
    fixture.check(&long, "100001", 0).await;
}

#[tokio::test]
async fn a_syntax_error_is_reported_with_code_2() {
    let fixture = Fixture::new();
    let (content, exit_code) = fixture.output("echo )").await;
    assert_eq!(exit_code, 2);
    assert!(
        content.starts_with("bash: line 1: syntax error near unexpected token `)'"),
        "{content}"
    );
    fixture.check("echo on", "on", 0).await;
}

#[tokio::test]
async fn the_state_of_the_shell_persists() {
    let fixture = Fixture::new();
    fixture.run("mkdir -p sub && cd sub && export A=1; B=2; alias greet='echo hi'; f() { echo \"f $1\"; }").await;
    let observation = fixture.run("echo $A $B; greet there; f x; pwd").await;
    let sub = fixture.workspace().join("sub").to_string_lossy().into_owned();
    assert_eq!(observation.content, format!("1 2\nhi there\nf x\n{sub}"));
    assert_eq!(observation.metadata.working_dir, Some(sub));
    fixture.run("set -u; set -x; set -C").await;
    let (content, _) = fixture.output("echo traced").await;
    assert!(content.contains("traced") && !content.contains("oh_hook"), "{content}");
    fixture.run("set +u +x +C").await;
    fixture.check("PROMPT_COMMAND='X=1'; PS1='prompt> '; PS2='more> '", "", 0).await;
    fixture.check("echo still here", "still here", 0).await;
    fixture.check("unset PROMPT_COMMAND", "", 0).await;
    fixture.check("echo still here", "still here", 0).await;
}

#[tokio::test]
async fn commands_inherit_no_descriptors() {
    let fixture = Fixture::new();
    // Unlike the files that Rust opens, a duplicate is left to children.
    let leaked = rustix::io::dup(std::fs::File::open("/dev/null").unwrap()).unwrap();
    let begun = std::process::Command::new("ls").arg("-l").arg("/proc/self/fd").output().unwrap();
    assert!(String::from_utf8_lossy(&begun.stdout).contains("-> /dev/null"));
    // What a program gets; the shell itself has pipes of its own for a moment. The last one is the
    // directory that is listed.
    let list = "python3 -c 'import os; print(*sorted(map(int, os.listdir(\"/proc/self/fd\"))))'";
    fixture.check(list, "0 1 2 3", 0).await;
    let action = RunAction { is_static: true, ..command_action(&format!("{list}; exit 3")) };
    let observation = crate::support::run_observation(fixture.observe(action, Some(LONG)).await);
    assert_eq!((observation.content.as_str(), observation.metadata.exit_code), ("0 1 2 3", 3));
    drop(leaked);
}

#[tokio::test]
async fn every_byte_belongs_to_its_command() {
    let fixture = Fixture::new();
    for number in 0..300 {
        let expected = format!("{number} {}", "x".repeat(1 + number * 7 % 5000));
        fixture
            .check(
                &format!("echo '{expected}'; (exit {})", number % 3),
                &expected,
                (number % 3) as i32,
            )
            .await;
    }
}

#[tokio::test]
async fn several_commands_are_refused_with_a_list() {
    let fixture = Fixture::new();
    let observation = fixture.observe(command_action("echo a\necho b \\\n c"), None).await;
    let expected = "ERROR: Only one command can be executed at a time, and this holds 2:\n\
        (1) echo a\n(2) echo b \\\n c\nSend them one by one, or chain them with && or ;";
    assert_eq!(
        observation,
        Observation::Error(ErrorObservation {
            content: expected.to_owned(),
            error_id: String::new()
        })
    );
    let lenient = Fixture::with(|config| config.accept_multiline = true);
    lenient.check("echo a\necho b", "a\nb", 0).await;
}

#[tokio::test]
async fn data_is_not_run() {
    let fixture = Fixture::new();
    let observation = fixture.observe(command_action(r#"{"command": "ls"}"#), None).await;
    assert!(observation.content().starts_with("ERROR: This looks like"), "{observation:?}");
}

#[tokio::test]
async fn long_output_is_exact_or_cut_in_the_middle_and_kept() {
    let fixture = Fixture::new();
    let lines = |count: u32| (1..=count).map(|n| n.to_string()).collect::<Vec<_>>().join("\n");
    fixture.check("seq 5000", &lines(5000), 0).await;
    let observation = fixture.run("seq 50000").await;
    let all = lines(50_000);
    let expected = format!(
        "{}\n[... Observation truncated due to length ...]\n{}",
        &all[..15_000],
        &all[all.len() - 15_000..]
    );
    assert_eq!(observation.content, expected);
    let suffix = observation.metadata.suffix;
    let path = suffix.split(" bytes of the output are in ").nth(1).unwrap().trim_end_matches(".]");
    assert!(suffix.contains("[All 288894 bytes"), "{suffix}");
    assert_eq!(std::fs::read_to_string(path).unwrap(), all.clone() + "\n");
    let hidden = RunAction { hidden: true, ..command_action("seq 50000") };
    let observation = fixture.observe(hidden, Some(LONG)).await;
    assert_eq!(observation.content(), all);
}

#[tokio::test]
async fn memory_is_bounded_whatever_a_command_prints() {
    let fixture = Fixture::new();
    let command = "head -c 1G /dev/zero | tr '\\0' 'x'; echo; echo end";
    let observation = fixture.run_for(command, 3 * LONG).await;
    assert_eq!(observation.metadata.exit_code, 0);
    assert!(observation.content.ends_with("x\nend"));
    let suffix = &observation.metadata.suffix;
    assert!(suffix.contains("has written 1073741829 bytes; the last 134"), "{suffix}");
    let output = fixture.directory.path().join("session/output");
    let sizes: u64 = std::fs::read_dir(&output)
        .unwrap()
        .flatten()
        .map(|file| file.metadata().unwrap().len())
        .sum();
    let part = 128 * 1024 * 1024;
    assert!((part - 65_536..=2 * part + 65_536).contains(&sizes), "{sizes}");
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak < 250_000, "peak memory is {peak} kB");
}

#[tokio::test]
async fn binary_output_and_progress_bars_become_text() {
    let fixture = Fixture::new();
    fixture.check(r"printf 'a\xff\x00b\n'", "a\u{fffd}b", 0).await;
    fixture
        .check(
            r"printf '10%%\r55%%\r100%%\n'; printf '\e[31mred\e[0m\e]0;title\a\n'",
            "100%\nred",
            0,
        )
        .await;
    let (_, exit_code) = fixture.output("head -c 200000 /dev/urandom").await;
    assert_eq!(exit_code, 0);
    fixture.check("echo fine", "fine", 0).await;
}

#[tokio::test]
async fn fake_markers_are_only_output() {
    let fixture = Fixture::new();
    let command = r#"printf '###PS1JSON###\n{"exit_code": 5}\n###PS1END###\n'; printf '\e]7771;00000000000000000000000000000000\a'; sleep 0.3; echo after"#;
    fixture.check(command, "###PS1JSON###\n{\"exit_code\": 5}\n###PS1END###\nafter", 0).await;
}

#[tokio::test]
async fn a_prompt_waits_for_input() {
    let fixture = Fixture::with(|config| config.soft_timeout = SHORT);
    let observation = fixture.run_softly("read -p 'Name: ' name && echo \"Hello $name\"").await;
    assert_eq!((observation.content.as_str(), observation.metadata.exit_code), ("Name:", -1));
    let suffix = &observation.metadata.suffix;
    assert!(suffix.contains("No new output for") && suffix.contains("wait for input"), "{suffix}");
    let observation = fixture.input("Bob", None).await;
    assert_eq!((observation.content.as_str(), observation.metadata.exit_code), ("Hello Bob", 0));
    assert_eq!(observation.metadata.prefix, "");

    let script = "python3 -c \"a = input('a? '); b = input('b? '); print(a + b)\"";
    assert_eq!(fixture.run_softly(script).await.content, "a?");
    assert_eq!(fixture.input("1", None).await.content, "b?");
    assert_eq!(fixture.input("2", None).await.content, "12");
}

#[tokio::test]
async fn an_unfinished_command_is_fed_by_inputs() {
    let fixture = Fixture::with(|config| config.soft_timeout = SHORT);
    let observation = fixture.run_softly("cat <<EOF").await;
    assert_eq!((observation.content.as_str(), observation.metadata.exit_code), ("", -1));
    assert_eq!(fixture.input("line one\nline 'two", None).await.metadata.exit_code, -1);
    let observation = fixture.input("EOF", None).await;
    assert_eq!(observation.content, "line one\nline 'two");
    assert_eq!(observation.metadata.exit_code, 0);
    let long = "y".repeat(10_000);
    fixture.run_for("cat > file", SHORT).await;
    fixture.input(&long, Some(SHORT)).await;
    fixture.input("C-d", None).await;
    fixture.check("wc -c < file", "10001", 0).await;
}

#[tokio::test]
async fn a_server_is_stopped_by_a_key() {
    let fixture = Fixture::new();
    let observation =
        fixture.run_for("python3 -u -m http.server 0", Duration::from_millis(1500)).await;
    assert_eq!(observation.metadata.exit_code, -1);
    assert!(observation.metadata.suffix.contains("timed out after 1.5 seconds"));
    let observation = fixture.input("C-c", None).await;
    assert!(observation.content.contains("Keyboard interrupt"), "{observation:?}");
    assert!(observation.metadata.suffix.contains("CTRL+C was sent."), "{observation:?}");
    fixture.check("echo usable", "usable", 0).await;
    fixture.run_for("sleep 30", SHORT).await;
    let observation = fixture.run("C-z").await;
    assert_eq!(observation.metadata.exit_code, 148);
    fixture.check("kill %1; wait 2>/dev/null; echo x", "x", 0).await;
}

#[tokio::test]
async fn a_background_job_does_not_hold_the_shell() {
    let fixture = Fixture::new();
    let began = Instant::now();
    let observation = fixture.run("sleep 30 & (sleep 0.2; echo late) &").await;
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(observation.metadata.exit_code, 0);
    assert!(observation.metadata.pid > 0);
    let observation = fixture.run("sleep 0.6; echo mine").await;
    assert!(observation.content.contains("mine"));
    let all = format!("{}{}", observation.metadata.prefix, observation.content);
    assert!(all.contains("late"), "{all}");
}

#[tokio::test]
async fn polling_sees_every_line_once() {
    let fixture = Fixture::new();
    let mut observation = fixture
        .run_for("for i in 1 2 3; do echo $i; sleep 0.6; done", Duration::from_millis(500))
        .await;
    assert_eq!((observation.content.as_str(), observation.metadata.exit_code), ("1", -1));
    let mut seen = observation.content.clone();
    while observation.metadata.exit_code == -1 {
        observation = fixture.run_for("", Duration::from_millis(500)).await;
        seen.push_str(&observation.content);
    }
    assert_eq!((seen.as_str(), observation.metadata.exit_code), ("123", 0));
    let observation = fixture.run("").await;
    assert_eq!(
        observation.content,
        "ERROR: No command is running, so there is no output to wait for."
    );
    assert_eq!((observation.command.as_str(), observation.metadata.exit_code), ("", -1));
    let observation = fixture.input("x", None).await;
    assert!(observation.content.contains("nothing that could take this input"));
}

#[tokio::test]
async fn a_new_command_does_not_run_beside_another() {
    let fixture = Fixture::new();
    fixture
        .run_for("echo one; sleep 0.5; touch go; echo two; sleep 30", Duration::from_millis(300))
        .await;
    let go = fixture.workspace().join("go");
    crate::support::eventually(LONG, "the command goes on", || go.exists()).await;
    let mut content = String::new();
    while !content.contains("two") {
        let observation = fixture.run("echo new; touch new").await;
        assert_eq!(observation.metadata.exit_code, -1);
        assert!(observation.metadata.suffix.contains("was NOT executed"));
        assert!(observation.metadata.prefix.contains("already running"));
        content.push_str(&observation.content);
    }
    assert_eq!(content, "two");
    assert!(!fixture.workspace().join("new").exists());
    fixture.run("C-c").await;
}

#[tokio::test]
async fn a_command_that_ended_unseen_keeps_its_result() {
    let fixture = Fixture::new();
    let command = "echo first; sleep 0.4; echo second; touch done1; (exit 5)";
    fixture.run_for(command, Duration::from_millis(150)).await;
    let file = fixture.workspace().join("done1");
    crate::support::eventually(LONG, "the command ends", || file.exists()).await;
    let observation = fixture.run("").await;
    assert_eq!((observation.content.as_str(), observation.metadata.exit_code), ("second", 5));

    fixture.run_for("sleep 0.3; echo tail; touch done2", Duration::from_millis(100)).await;
    let file = fixture.workspace().join("done2");
    crate::support::eventually(LONG, "the command ends", || file.exists()).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let observation = fixture.run("echo own; (exit 3)").await;
    assert_eq!((observation.content.as_str(), observation.metadata.exit_code), ("own", 3));
    assert!(
        observation
            .metadata
            .prefix
            .contains("completed with exit code 0. Its remaining output:]\ntail\n")
    );
}

#[tokio::test]
async fn a_shell_that_ends_is_replaced() {
    let fixture = Fixture::new();
    fixture.run("mkdir -p deep && cd deep && export KEPT='a \"b\"\n$c'").await;
    for (command, output, exit_code) in [
        ("echo before; exit 3", "before", 3),
        ("set -e; false", "", 1),
        ("exec true", "", 0),
        ("kill -9 $$", "", 137),
    ] {
        let began = Instant::now();
        let observation = fixture.run(command).await;
        assert!(began.elapsed() < Duration::from_secs(10), "{command}");
        assert_eq!(
            (observation.content.as_str(), observation.metadata.exit_code),
            (output, exit_code),
            "{command}"
        );
        assert!(
            observation.metadata.suffix.contains("The shell ended with exit code"),
            "{command}"
        );
        let deep = fixture.workspace().join("deep").to_string_lossy().into_owned();
        fixture.check("pwd; echo \"$KEPT\"", &format!("{deep}\na \"b\"\n$c"), 0).await;
    }
}

#[tokio::test]
async fn work_is_not_silence() {
    let fixture = Fixture::with(|config| config.soft_timeout = Duration::from_millis(400));
    let busy =
        "python3 -c 'import time\nt = time.time()\nwhile time.time() < t + 1.5: pass\nprint(1)'";
    fixture.check_softly(busy, "1", 0).await;
    let observation = fixture.run_softly("sleep 30").await;
    assert_eq!(observation.metadata.exit_code, -1);
    let blocking = RunAction { blocking: true, ..command_action("") };
    let running = fixture.observe(blocking, Some(SHORT)).await;
    assert!(crate::support::run_observation(running).metadata.suffix.contains("timed out"));
}

impl Fixture {
    async fn check_softly(&self, command: &str, content: &str, exit_code: i32) {
        let observation = self.run_softly(command).await;
        assert_eq!(
            (observation.content.as_str(), observation.metadata.exit_code),
            (content, exit_code)
        );
    }
}

#[tokio::test]
async fn input_that_nobody_read_is_not_run() {
    let fixture = Fixture::new();
    fixture.run_for("sleep 0.5", Duration::from_millis(50)).await;
    fixture.input("touch leaked", Some(Duration::from_millis(10))).await;
    fixture.run("").await;
    fixture.check("ls", "", 0).await;
}

#[tokio::test]
async fn output_is_streamed_while_the_command_runs() {
    let fixture = Fixture::new();
    let (sink, mut chunks) = mpsc::channel(100);
    let command = command_action("echo ü1; sleep 0.5; echo 2");
    let request =
        ActionRequest { action: Action::Run(command), timeout: Some(LONG), output: Some(sink) };
    let observation = fixture.runtime.execute(request).await;
    assert_eq!(observation.content(), "ü1\n2");
    let mut seen = Vec::new();
    while let Ok(chunk) = chunks.try_recv() {
        seen.push(chunk);
    }
    assert_eq!(seen.concat(), "ü1\n2\n");
    assert!(seen.len() >= 2, "{seen:?}");
}

#[tokio::test]
async fn static_commands_run_beside_the_shell() {
    let fixture = Fixture::new();
    fixture.run_for("sleep 30", Duration::from_millis(100)).await;
    std::fs::create_dir(fixture.workspace().join("d")).unwrap();
    let action = RunAction {
        is_static: true,
        cwd: Some("d".into()),
        ..command_action("pwd; echo e >&2; exit 4")
    };
    let observation = crate::support::run_observation(fixture.observe(action, Some(LONG)).await);
    let d = fixture.workspace().join("d").to_string_lossy().into_owned();
    assert_eq!((observation.content, observation.metadata.exit_code), (format!("{d}\ne"), 4));
    let action =
        RunAction { is_static: true, ..command_action(&format!("{} | cat", sleeper(1012))) };
    let observation = fixture.observe(action, Some(Duration::from_millis(300))).await;
    assert!(crate::support::run_observation(observation).metadata.suffix.contains("was killed"));
    crate::support::eventually(LONG, "a static command dies", || !is_running(&sleeper(1012))).await;
}

#[tokio::test]
async fn two_requests_at_once_are_served_one_by_one() {
    let fixture = Fixture::new();
    let (first, second) = tokio::join!(
        fixture.run("sleep 0.2; echo a >> log; echo first"),
        fixture.run("echo b >> log; echo second"),
    );
    assert_eq!((first.content.as_str(), second.content.as_str()), ("first", "second"));
    fixture.check("cat log", "a\nb", 0).await;
}
