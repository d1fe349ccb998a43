use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use oh_event::{Action, CallToolMcpAction, ErrorObservation, Observation};
use oh_runtime::{ActionRequest, Activity, LocalRuntime, Runtime, is_socket_held_outside};

use crate::support::{Fixture, LONG, command_action, config, eventually, is_running, sleeper};

const PROMPTLY: Duration = Duration::from_secs(1);

#[tokio::test]
async fn dropping_the_future_interrupts_the_command() {
    let fixture = Fixture::new();
    fixture.run(&format!("{} &", sleeper(1019))).await;
    for (number, command) in [(1021, "SLEEP"), (1024, "timeout 2000 SLEEP | cat")] {
        let sleeper = sleeper(number);
        let command = command.replace("SLEEP", &sleeper);
        let request = ActionRequest {
            timeout: Some(LONG),
            ..ActionRequest::new(Action::Run(command_action(&command)))
        };
        let mut work = fixture.runtime.execute(request);
        tokio::select! {
            observation = &mut work => panic!("ended: {observation:?}"),
            () = eventually(LONG, "the command runs", || is_running(&sleeper)) => {}
        }
        drop(work);
        let began = Instant::now();
        eventually(LONG, "the command is gone", || !is_running(&sleeper)).await;
        assert!(began.elapsed() < PROMPTLY, "{command}: {:?}", began.elapsed());
        fixture.check("echo usable", "usable", 0).await;
    }
    assert!(is_running(&sleeper(1019)), "background jobs survive an interrupt");
}

#[tokio::test]
async fn stop_kills_everything_and_the_next_command_gets_a_shell() {
    let fixture = Fixture::new();
    fixture.run("mkdir -p d && cd d && export X=1").await;
    fixture
        .run(&format!("setsid nohup {} > /dev/null 2>&1 & {} &", sleeper(1001), sleeper(1002)))
        .await;
    fixture
        .run(&format!(
            "(env -i {} &) ; (setsid sh -c '{} & {}' &)",
            sleeper(1003),
            sleeper(1004),
            sleeper(1005)
        ))
        .await;
    eventually(LONG, "all run", || (1001..=1005).all(|n| is_running(&sleeper(n)))).await;
    let partial = format!("echo partial; {}", sleeper(1006));
    let waiting = fixture.run_for(&partial, LONG);
    let stop = async {
        eventually(LONG, "the command runs", || is_running(&sleeper(1006))).await;
        fixture.runtime.stop_processes().await;
    };
    let (observation, ()) = tokio::join!(waiting, stop);
    assert_eq!((observation.content.as_str(), observation.metadata.exit_code), ("partial", -1));
    assert!(observation.metadata.suffix.contains("were stopped"));
    for n in 1001..=1006 {
        assert!(!is_running(&sleeper(n)), "sleep {n}");
    }
    let d = fixture.workspace().join("d").to_string_lossy().into_owned();
    fixture.check("pwd; echo $X", &format!("{d}\n1"), 0).await;
}

#[tokio::test]
async fn close_is_final() {
    let fixture = Fixture::new();
    fixture.run(&format!("setsid {} > /dev/null 2>&1 &", sleeper(1007))).await;
    fixture.runtime.close().await;
    fixture.runtime.close().await;
    assert!(!is_running(&sleeper(1007)));
    let observation = fixture.observe(command_action("echo x"), None).await;
    assert!(matches!(observation, Observation::Error(_)), "{observation:?}");
}

#[tokio::test]
async fn dropping_the_runtime_kills_everything() {
    let fixture = Fixture::new();
    fixture.run(&format!("setsid {} > /dev/null 2>&1 & {} &", sleeper(1008), sleeper(1009))).await;
    drop(fixture);
    eventually(PROMPTLY, "all is gone", || {
        !is_running(&sleeper(1008)) && !is_running(&sleeper(1009))
    })
    .await;
}

#[tokio::test]
async fn reopening_kills_leftovers_and_restores_the_directory() {
    let fixture = Fixture::new();
    fixture.run(&format!("mkdir -p d; cd d; setsid {} > /dev/null 2>&1 &", sleeper(1010))).await;
    fixture.run("cd d").await;
    // As after a crash of the server: nothing is dropped.
    let reopened = LocalRuntime::new(config(&fixture.directory)).unwrap();
    assert!(!is_running(&sleeper(1010)));
    let pwd = reopened.execute(ActionRequest::new(Action::Run(command_action("pwd")))).await;
    assert_eq!(pwd.content(), fixture.workspace().join("d").to_string_lossy());
}

#[tokio::test]
async fn commands_see_a_clean_environment() {
    let fixture = Fixture::with(|config| {
        config.environment =
            vec![("lower_Name".into(), "a $x `y` \"z\"".into()), ("BAD-NAME".into(), "1".into())];
    });
    let (content, _) = fixture.output("env").await;
    assert!(content.contains("lower_Name=a $x `y` \"z\""));
    assert!(
        content.contains(&format!("OPENHANDS_SESSION_MARKER={}", fixture.runtime.session_marker()))
    );
    assert!(content.contains("TERM=xterm-256color") && content.contains("PAGER=cat"));
    let names: Vec<&str> =
        content.lines().filter_map(|line| line.split_once('=')).map(|(n, _)| n).collect();
    // Cargo sets this for tests; it stands for any secret of the server.
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    for name in ["CARGO_MANIFEST_DIR", "BAD-NAME", "PROMPT_COMMAND", "PS1"] {
        assert!(!names.contains(&name), "{name}");
    }
}

#[tokio::test]
async fn dotfiles_of_the_user_stay_as_they_are() {
    let home = std::path::PathBuf::from(std::env::var_os("HOME").unwrap());
    let dotfiles = [".bashrc", ".gitconfig", ".bash_history", ".profile"];
    let read = || dotfiles.map(|name| std::fs::read(home.join(name)).ok());
    let before = read();
    let fixture = Fixture::new();
    fixture.run("git init -q . && git commit -q --allow-empty -m x && git config --global user.name evil; echo 'x=1' >> ~/.bashrc").await;
    fixture
        .check("git log --format='%an %ae %cn'", "openhands openhands@all-hands.dev openhands", 0)
        .await;
    assert_eq!(read(), before);
}

#[tokio::test]
async fn sockets_of_the_sessions_processes_are_known() {
    let fixture = Fixture::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let own = std::net::TcpStream::connect(address).unwrap();
    let inode_of = |fd: i32| {
        let link = std::fs::read_link(format!("/proc/self/fd/{fd}")).unwrap();
        let link = link.to_string_lossy().into_owned();
        link.trim_start_matches("socket:[").trim_end_matches(']').parse::<u64>().unwrap()
    };
    assert!(is_socket_held_outside(inode_of(own.as_raw_fd())));
    let (content, _) = fixture
        .output(&format!("exec 9<>/dev/tcp/127.0.0.1/{}; readlink /proc/$$/fd/9", address.port()))
        .await;
    let inode = content.trim_start_matches("socket:[").trim_end_matches(']').parse().unwrap();
    assert!(!is_socket_held_outside(inode));
    fixture.runtime.stop_processes().await;
    assert!(!is_socket_held_outside(inode));
}

#[tokio::test]
async fn tools_that_are_not_here_are_refused() {
    let fixture = Fixture::new();
    let action = CallToolMcpAction { name: "search".into(), ..CallToolMcpAction::default() };
    assert_eq!(
        fixture.execute(Action::CallToolMcp(action)).await,
        Observation::Error(ErrorObservation {
            content: "This runtime has no tool for the action `call_tool_mcp`.".into(),
            error_id: "AGENT_ERROR$BAD_ACTION".into(),
        })
    );
}

#[tokio::test]
async fn what_is_not_confirmed_does_not_run() {
    let fixture = Fixture::new();
    for state in
        [oh_event::ConfirmationState::AwaitingConfirmation, oh_event::ConfirmationState::Rejected]
    {
        let command = "touch it-ran".to_owned();
        let action = oh_event::RunAction { command, ..oh_event::RunAction::default() };
        let action = Action::Run(action).judged(oh_event::SecurityRisk::Low, state);
        let observation = fixture.execute(action).await;
        assert!(matches!(observation, Observation::Error(_)), "{observation:?}");
        assert!(!fixture.workspace().join("it-ran").exists());
    }
}

#[tokio::test]
async fn nothing_starts_before_the_first_command() {
    let fixture = Fixture::new();
    assert!(fixture.workspace().is_dir());
    assert!(!fixture.directory.path().join("session/init.sh").exists());
}

#[tokio::test]
async fn killing_the_server_leaves_nothing_once_the_conversation_is_reopened() {
    let directory = tempfile::tempdir().unwrap();
    let names = [1031, 1032, 1033].map(sleeper);
    let mut server = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "lifecycle::a_server_to_kill"])
        .env("SERVER_DIRECTORY", directory.path())
        .env("SERVER_COMMAND", format!("setsid {} & {} & {}", names[0], names[1], names[2]))
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    eventually(LONG, "all run", || names.iter().all(|name| is_running(name))).await;
    server.kill().unwrap();
    server.wait().unwrap();
    eventually(LONG, "the terminal is gone", || !is_running(&names[2])).await;
    let reopened = LocalRuntime::new(config(&directory)).unwrap();
    assert!(names.iter().all(|name| !is_running(name)));
    drop(reopened);
}

/// The process of the test above; without its directory it does nothing.
#[tokio::test]
async fn a_server_to_kill() {
    let Some(directory) = std::env::var_os("SERVER_DIRECTORY") else { return };
    let command = std::env::var("SERVER_COMMAND").unwrap();
    let directory = std::path::PathBuf::from(directory);
    let runtime = LocalRuntime::new(oh_runtime::LocalRuntimeConfig {
        workspace: directory.join("workspace"),
        session_dir: directory.join("session"),
        ..Default::default()
    })
    .unwrap();
    runtime.execute(ActionRequest::new(Action::Run(command_action(&command)))).await;
}

#[tokio::test]
async fn what_runs_can_be_asked() {
    let fixture = Fixture::new();
    assert_eq!(fixture.runtime.activity().await, Activity::default());
    fixture.run(&format!("{} &", sleeper(1061))).await;
    fixture.run(&format!("(setsid nohup {} &)", sleeper(1062))).await;
    eventually(LONG, "both run", || (1061..=1062).all(|n| is_running(&sleeper(n)))).await;
    let Activity { foreground, mut background } = fixture.runtime.activity().await;
    background.sort();
    assert_eq!((foreground, background.len()), (None, 2), "{background:?}");
    for (description, number) in background.iter().zip([1061, 1062]) {
        assert!(description.contains(&sleeper(number)), "{background:?}");
    }
    // A command that was only reported as running still runs.
    let command = format!("echo go; {}", sleeper(1063));
    let observation = fixture.run_for(&command, Duration::from_millis(200)).await;
    assert_eq!(observation.metadata.exit_code, -1);
    let expected = Activity { foreground: Some(command), background: Vec::new() };
    assert_eq!(fixture.runtime.activity().await, expected);
    fixture.runtime.stop_processes().await;
    assert_eq!(fixture.runtime.activity().await, Activity::default());
}
