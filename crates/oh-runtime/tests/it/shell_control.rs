//! What ends a command or the shell, and what the next command finds.

use std::time::{Duration, Instant};

use oh_event::{Action, Observation, RunAction, RunObservation};
use oh_runtime::{ActionRequest, Runtime};

use crate::support::{
    Fixture, LONG, command_action, eventually, is_running, run_observation, sleeper,
};

const SHORT: Duration = Duration::from_millis(300);

/// A program that notes when which signal came, and goes on.
const STUBBORN: &str = "python3 -c \"
import signal, time, sys
def note(number, frame):
    with open('signals', 'a') as file: print(number, time.time(), file=file)
signal.signal(signal.SIGINT, note)
signal.signal(signal.SIGTERM, note)
open('ready', 'w').close()
print('started', flush=True)
while True: time.sleep(NUMBER)
\"";

impl Fixture {
    async fn reset(&self, command: &str) -> RunObservation {
        let action = RunAction { reset: true, ..command_action(command) };
        run_observation(self.observe(action, Some(LONG)).await)
    }

    /// Starts `command` and drops it as soon as the file `ready` exists.
    async fn give_up(&self, command: &str) {
        let ready = self.workspace().join("ready");
        let request = ActionRequest {
            timeout: Some(LONG),
            ..ActionRequest::new(Action::Run(command_action(command)))
        };
        let mut work = self.runtime.execute(request);
        tokio::select! {
            observation = &mut work => panic!("ended: {observation:?}"),
            () = eventually(LONG, "the command runs", || ready.exists()) => {}
        }
    }
}

#[tokio::test]
async fn the_parts_of_the_last_pipeline_are_known_to_the_next_command() {
    let fixture = Fixture::new();
    let ask = "echo $? ${PIPESTATUS[@]}";
    for (command, exit_code, expected) in [
        ("false | true | (exit 3) | true", 0, "0 1 0 3 0"),
        ("true | false", 1, "1 0 1"),
        ("! false | true", 1, "1 1 0"),
        ("set -o pipefail; (exit 4) | true", 4, "4 4 0"),
        ("set +o pipefail; ! true", 1, "1 0"),
        ("(exit 7)", 7, "7 7"),
        ("IFS=x; true | (exit 2)", 2, "2 0 2"),
        ("unset IFS; return 5", 5, "5 5"),
        ("true", 0, "0 0"),
    ] {
        fixture.check(command, "", exit_code).await;
        fixture.check(ask, expected, 0).await;
    }
    fixture.run("trap 'echo failed' ERR; false | true").await;
    fixture.check("true | false", "failed", 1).await;
    fixture.check(ask, "1 0 1", 0).await;
    fixture.run("trap - ERR; set -x").await;
    let (content, _) = fixture.output("true | false").await;
    assert!(!content.contains("oh_") && !content.contains("session"), "{content}");
    let (content, _) = fixture.output("echo ${PIPESTATUS[@]}").await;
    assert_eq!(content, "++ echo 0 1\n0 1");
}

#[tokio::test]
async fn only_a_failure_that_counts_ends_a_shell_with_errexit() {
    let fixture = Fixture::new();
    fixture.run("set -e; KEPT=1").await;
    fixture.check("false && true", "", 1).await;
    fixture.check("! true | true", "", 1).await;
    fixture.check("echo $KEPT", "1", 0).await;
    let observation = fixture.run("echo last; false; echo never").await;
    assert_eq!((observation.content.as_str(), observation.metadata.exit_code), ("last", 1));
    assert!(observation.metadata.suffix.contains("The shell ended with exit code 1"));
    fixture.check("echo \"<$KEPT>\"", "<>", 0).await;
}

#[tokio::test]
async fn a_shell_that_is_killed_is_noticed_at_once() {
    let fixture = Fixture::new();
    let (shell, _) = fixture.output("echo $$").await;
    let kill = format!("kill -9 {shell}");
    let command = format!("echo printed; {}", sleeper(1041));
    let waiting = fixture.run(&command);
    let killing = async {
        eventually(LONG, "the command runs", || is_running(&sleeper(1041))).await;
        let status = std::process::Command::new("sh").args(["-c", &kill]).status().unwrap();
        assert!(status.success());
        Instant::now()
    };
    let (observation, killed) = tokio::join!(waiting, killing);
    assert!(killed.elapsed() < Duration::from_secs(5));
    assert_eq!((observation.content.as_str(), observation.metadata.exit_code), ("printed", 137));
    // Also when nobody waits for a command.
    let (shell, _) = fixture.output("echo $$").await;
    std::process::Command::new("kill").args(["-9", &shell]).status().unwrap();
    let process = std::path::PathBuf::from(format!("/proc/{shell}"));
    eventually(LONG, "the end of the shell is seen", || !process.exists()).await;
    fixture.check("echo new", "new", 0).await;
}

#[tokio::test]
async fn a_reset_gives_a_new_shell_and_ends_everything_else() {
    let fixture = Fixture::new();
    fixture.run("mkdir d; cd d; export X=1; PATH=/nowhere").await;
    fixture.run_for(&format!("/bin/echo before; {} & /bin/{}", "wait", sleeper(1042)), SHORT).await;
    let observation = fixture.reset("").await;
    assert!(!is_running(&sleeper(1042)));
    assert_eq!((observation.content.as_str(), observation.metadata.exit_code), ("", 0));
    assert!(observation.metadata.prefix.contains("The shell was reset"), "{observation:?}");
    let workspace = fixture.workspace().to_string_lossy().into_owned();
    assert_eq!(observation.metadata.working_dir.as_deref(), Some(workspace.as_str()));
    fixture.check("pwd; echo \"<$X>\"; ls -d d", &format!("{workspace}\n<>\nd"), 0).await;

    fixture.run_for("echo unread; sleep 30", Duration::from_millis(1)).await;
    fixture.run("cd d").await;
    let observation = fixture.reset("pwd").await;
    assert_eq!(observation.content, workspace);
    assert_eq!(observation.metadata.exit_code, 0);
    let action = RunAction { reset: true, is_input: true, ..command_action("x") };
    let refused = fixture.observe(action, None).await;
    assert!(refused.content().starts_with("ERROR: A reset"), "{refused:?}");
}

#[tokio::test]
async fn a_reset_tells_what_the_ended_command_printed() {
    let fixture = Fixture::new();
    fixture.run_for("echo one; sleep 0.2; echo two; touch go; sleep 30", SHORT / 3).await;
    let go = fixture.workspace().join("go");
    eventually(LONG, "the command goes on", || go.exists()).await;
    let observation = fixture.reset("echo mine").await;
    assert_eq!(observation.content, "mine");
    let prefix = observation.metadata.prefix;
    assert!(prefix.contains("was ended. Its remaining output:]\ntwo\n"), "{prefix}");
}

#[tokio::test]
async fn a_command_is_killed_at_its_timeout_if_it_asks_for_that() {
    let fixture = Fixture::new();
    fixture.run("KEPT=1").await;
    let command = format!("echo begun; {}", sleeper(1043));
    let action = RunAction { kill_on_timeout: true, ..command_action(&command) };
    let observation = run_observation(fixture.observe(action, Some(SHORT)).await);
    assert_eq!((observation.content.as_str(), observation.metadata.exit_code), ("begun", 130));
    let suffix = observation.metadata.suffix;
    assert!(suffix.contains("was killed: it took longer than 0.3 seconds"), "{suffix}");
    assert!(!is_running(&sleeper(1043)));
    fixture.check("echo $KEPT", "1", 0).await;
}

#[tokio::test]
async fn no_command_runs_longer_than_the_session_allows() {
    let fixture = Fixture::with(|config| config.longest_command = Duration::from_millis(800));
    fixture.run("KEPT=1").await;
    let command = format!("echo begun; {}", sleeper(1044));
    assert_eq!(fixture.run_for(&command, SHORT).await.metadata.exit_code, -1);
    eventually(LONG, "the command is killed", || !is_running(&sleeper(1044))).await;
    let observation = fixture.run("").await;
    assert_eq!(observation.metadata.exit_code, 130);
    assert!(observation.metadata.suffix.contains("took longer than 0.8 seconds"));
    fixture.check("echo $KEPT", "1", 0).await;
}

#[tokio::test]
async fn nobody_may_wait_until_the_runtime_is_idle() {
    let fixture = Fixture::with(|config| {
        config.idle_limit = Some(Duration::from_secs(10));
        config.default_timeout = Duration::from_secs(120);
    });
    fixture.check_for("echo fine", Duration::from_secs(9), "fine").await;
    assert_eq!(fixture.run_softly("echo default").await.content, "default");
    let long = fixture.observe(command_action("touch made"), Some(Duration::from_secs(10))).await;
    let Observation::Error(error) = long else { panic!("not refused: {long:?}") };
    assert!(
        error.content.contains("10 seconds is too long") && error.content.contains("9 seconds")
    );
    assert!(!fixture.workspace().join("made").exists());
}

impl Fixture {
    async fn check_for(&self, command: &str, timeout: Duration, content: &str) {
        assert_eq!(self.run_for(command, timeout).await.content, content);
    }
}

#[tokio::test]
async fn a_job_is_asked_before_it_is_killed_and_the_shell_stays() {
    let fixture = Fixture::new();
    fixture.run("KEPT=1").await;
    let command = STUBBORN.replace("NUMBER", "1045");
    fixture.give_up(&command).await;
    let dropped = Instant::now();
    eventually(LONG, "the job is gone", || !is_running("time.sleep(1045)")).await;
    assert!(dropped.elapsed() >= Duration::from_millis(4500), "{:?}", dropped.elapsed());
    let signals = std::fs::read_to_string(fixture.workspace().join("signals")).unwrap();
    let signals: Vec<(i32, f64)> = signals
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(number, time)| (number.parse().unwrap(), time.parse().unwrap()))
        .collect();
    let [(2, interrupted), (15, terminated)] = signals[..] else { panic!("{signals:?}") };
    assert!(terminated - interrupted >= 1.8, "{signals:?}");
    fixture.check("echo $KEPT", "1", 0).await;
}

#[tokio::test]
async fn a_loop_of_the_shell_that_ignores_interrupts_ends_with_it() {
    let fixture = Fixture::new();
    fixture.run("export KEPT=1").await;
    fixture
        .give_up(&format!("trap '' INT; touch ready; while :; do {}; done", sleeper(1046)))
        .await;
    fixture.check("echo $KEPT", "1", 0).await;
    assert!(!is_running(&sleeper(1046)));
}

#[tokio::test]
async fn what_a_given_up_command_printed_is_forgotten() {
    let fixture = Fixture::new();
    fixture.give_up("echo lost; touch ready; sleep 30").await;
    let observation = fixture.run("echo mine").await;
    assert_eq!((observation.content.as_str(), observation.metadata.prefix.as_str()), ("mine", ""));
}
