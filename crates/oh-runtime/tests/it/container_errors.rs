//! What is asked of the engine, and what happens when it or a container fails.

use std::net::IpAddr;
use std::path::Path;

use oh_event::Action;
use oh_runtime::{
    ActionRequest, Containers, Gpus, NetworkPolicy, ResourceLimits, Runtime, Volume, VolumeAccess,
};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::container::{Conversation, NAME, config, open};
use crate::container_fake::{Container, Fake};
use crate::support::{LONG, command_action, eventually, is_running, sleeper};

fn user() -> String {
    format!("{}:{}", rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw())
}

fn bind(source: &Path, target: &str, is_read_only: bool) -> Value {
    json!({"Type": "bind", "Source": source, "Target": target, "ReadOnly": is_read_only})
}

#[tokio::test]
async fn the_engine_is_asked_for_a_confined_container() {
    let conversation = Conversation::with(|config| {
        config.limits = ResourceLimits { memory_bytes: 1 << 30, ..ResourceLimits::default() };
    });
    conversation.succeed("true").await;
    let mut body = conversation.fake.state().created[0].clone();
    let labels = body["Labels"].take();
    assert_eq!(labels["openhands.conversation"], "c-1");
    let ports: Vec<&str> = labels["openhands.ports"].as_str().unwrap().split(',').collect();
    let [first, second] = ports.as_slice() else { panic!("{ports:?}") };
    assert!((50_000..55_000).contains(&first.parse::<u16>().unwrap()), "{first}");
    assert!((55_000..60_000).contains(&second.parse::<u16>().unwrap()), "{second}");
    let names = [format!("{first}/tcp"), format!("{second}/tcp")];
    let binding = |port: &str| json!([{"HostIp": "127.0.0.1", "HostPort": port}]);
    let session = conversation.directory.path().join("session/container");
    let expected = json!({
        "Image": "test:1",
        "User": user(),
        "Entrypoint": ["/openhands/executor"],
        "Cmd": ["__sandbox", "serve-stdio"],
        "WorkingDir": "/workspace",
        "AttachStdin": true,
        "AttachStdout": true,
        "AttachStderr": true,
        "OpenStdin": true,
        "StdinOnce": true,
        "Tty": false,
        "Labels": null,
        "ExposedPorts": {names[0].clone(): {}, names[1].clone(): {}},
        "HostConfig": {
            "Mounts": [
                bind(&conversation.workspace(), "/workspace", false),
                bind(&session, "/openhands/session", false),
            ],
            "NetworkMode": "bridge",
            "PortBindings": {names[0].clone(): binding(first), names[1].clone(): binding(second)},
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"],
            "Privileged": false,
            "IpcMode": "private",
            "LogConfig": {"Type": "none"},
            "Memory": 1 << 30,
            "MemorySwap": 1 << 30,
            "PidsLimit": 4096 + 32,
            "Ulimits": [{"Name": "nofile", "Soft": 65536, "Hard": 65536}],
        },
    });
    assert_eq!(body, expected);
    assert_eq!(conversation.succeed("echo $APP_PORT_1,$APP_PORT_2").await, ports.join(","));
}

#[tokio::test]
async fn volumes_networks_and_cards_are_passed_on() {
    let host = tempfile::tempdir().unwrap();
    std::fs::create_dir(host.path().join("secret")).unwrap();
    std::fs::write(host.path().join("secret/key"), "x").unwrap();
    let path = host.path().to_owned();
    let conversation = Conversation::with(|config| {
        let volume =
            |inside: &str, access| Volume { host: path.clone(), inside: inside.into(), access };
        config.volumes =
            vec![volume("/data", VolumeAccess::Write), volume("/fixed", VolumeAccess::Read)];
        config.masked = vec![path.join("secret")];
        config.gpus = Gpus::Listed(vec!["0".to_owned()]);
        config.additional_networks = vec!["back".to_owned()];
        config.binding_address = IpAddr::from([127, 0, 0, 2]);
        config.user = Some(rustix::process::getuid().as_raw());
        config.platform = Some("linux/arm64".to_owned());
    });
    let content = conversation
        .succeed("echo hi > /data/new; cat /fixed/new; ls -A /data/secret; ls -A /fixed/secret")
        .await;
    assert_eq!(content, "hi");
    assert_ne!(conversation.run("echo hi > /fixed/more").await.metadata.exit_code, 0);
    assert_ne!(conversation.run("echo hi > /data/secret/more").await.metadata.exit_code, 0);
    assert_eq!(conversation.fake.count("POST /networks/back/connect"), 1);
    assert_eq!(conversation.fake.count("platform=linux%2Farm64"), 1);
    let body = conversation.fake.state().created[0].clone();
    let requests = json!([{"DeviceIDs": ["0"], "Capabilities": [["gpu"]]}]);
    assert_eq!(body["HostConfig"]["DeviceRequests"], requests);
    let bindings = body["HostConfig"]["PortBindings"].as_object().unwrap();
    assert!(bindings.values().all(|ports| ports[0]["HostIp"] == "127.0.0.2"), "{bindings:?}");
}

#[tokio::test]
async fn the_network_is_as_the_policy_says() {
    async fn network(policy: NetworkPolicy, uses_host_network: bool) -> (Value, bool) {
        let conversation = Conversation::with(|config| {
            config.network = policy;
            config.uses_host_network = uses_host_network;
            config.additional_networks = vec!["missing".to_owned()];
        });
        conversation.observe("true").await;
        let state = conversation.fake.state();
        let host = &state.created[0]["HostConfig"];
        (host["NetworkMode"].clone(), host["PortBindings"].is_object())
    }
    assert_eq!(network(NetworkPolicy::Off, false).await, (json!("none"), false));
    assert_eq!(network(NetworkPolicy::Off, true).await, (json!("none"), false));
    assert_eq!(network(NetworkPolicy::On, true).await, (json!("host"), false));
    assert_eq!(network(NetworkPolicy::On, false).await, (json!("bridge"), true));

    let hosts = NetworkPolicy::AllowList(vec!["a.b".to_owned()]);
    let conversation = Conversation::with(|config| config.network = hosts);
    let error = conversation.error("true").await;
    assert!(error.contains("cannot be limited to a list of hosts"), "{error}");
    assert_eq!(conversation.fake.count(""), 0);
}

#[tokio::test]
async fn a_network_that_is_missing_leaves_no_container_without_it() {
    let conversation =
        Conversation::with(|config| config.additional_networks = vec!["missing".to_owned()]);
    for _ in 0..2 {
        let error = conversation.error("true").await;
        assert!(error.contains("network missing not found"), "{error}");
        assert!(conversation.fake.state().containers.is_empty());
    }
}

#[tokio::test]
async fn an_image_that_is_missing_is_pulled_while_one_watches() {
    let conversation = Conversation::with(|config| config.image = "other/one".to_owned());
    let (sender, mut output) = mpsc::channel(64);
    let action = Action::Run(command_action("true"));
    let request = ActionRequest { action, timeout: Some(LONG), output: Some(sender) };
    conversation.runtime.execute(request).await;
    let mut seen = String::new();
    while let Some(text) = output.recv().await {
        seen.push_str(&text);
    }
    let expected =
        "Pulling the image other/one\n1 of 2 layers\n2 of 2 layers\nThe image other/one is here\n";
    assert!(seen.starts_with(expected), "{seen}");
    assert_eq!(conversation.fake.count("fromImage=other%2Fone&tag=latest"), 1);
}

#[tokio::test]
async fn an_image_that_cannot_be_pulled_is_named() {
    for reason in ["denied", "no space left on device"] {
        let conversation = Conversation::with(|config| config.image = "other:2".to_owned());
        conversation.fake.state().pull_error = Some(reason);
        let error = conversation.error("true").await;
        assert!(error.contains("`other:2`") && error.contains(reason), "{error}");
        assert!(error.contains("sandbox.base_container_image"), "{error}");
        // It is tried again.
        conversation.fake.state().pull_error = None;
        conversation.succeed("true").await;
    }
}

#[tokio::test]
async fn an_engine_that_does_not_answer_is_named_with_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("socket");
    let address = format!("unix://{}", socket.display());
    let check = async |address: &str, what: &str| {
        let error = Containers::new(config(address.to_owned())).check().await.unwrap_err();
        let error = error.to_string();
        assert!(error.contains(address) && error.contains("DOCKER_HOST"), "{error}");
        assert!(error.contains(what), "{error}");
    };
    check(&address, "not found").await;
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    check(&address, "refused").await;
    check("tcp://127.0.0.1:1", "refused").await;
    check("ssh://somewhere", "must begin with").await;
    let conversation = Conversation::with(|config| config.engine = address);
    let error = conversation.error("true").await;
    assert!(error.contains("DOCKER_HOST") && error.contains("was not executed"), "{error}");
    conversation.runtime.close().await;
}

#[tokio::test]
async fn a_container_of_somebody_else_is_left_alone() {
    let conversation = Conversation::new();
    conversation.fake.add(NAME, json!({"Labels": {"openhands.conversation": "c-2"}}));
    let error = conversation.error("true").await;
    assert!(error.contains(NAME) && error.contains("did not make"), "{error}");
    assert!(conversation.containers.delete("c-1").await.is_err());
    assert_eq!(conversation.fake.count("DELETE"), 0);
}

#[tokio::test]
async fn a_program_that_does_not_run_in_the_image_is_explained() {
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("program");
    std::fs::write(&program, b"\x7fELF\0\0\0").unwrap();
    let conversation = Conversation::with(|config| config.program = program);
    let error = conversation.error("true").await;
    assert!(error.contains("Exec format error") && error.contains("s390x"), "{error}");
    assert!(error.contains("sandbox.platform"), "{error}");

    let conversation = Conversation::new();
    conversation.fake.state().start_errors =
        vec!["exec /openhands/executor: no such file or directory"];
    let error = conversation.error("true").await;
    assert!(error.contains("sandbox.container_executor"), "{error}");
    conversation.succeed("true").await;
}

#[tokio::test]
async fn ports_that_were_taken_meanwhile_are_replaced() {
    let conversation = Conversation::new();
    conversation.fake.state().start_errors =
        vec!["Bind for 127.0.0.1:50001 failed: port is already allocated"];
    let observation = conversation.run("true").await;
    assert!(!observation.metadata.suffix.contains("anew"), "{observation:?}");
    assert_eq!(conversation.fake.state().created.len(), 2);
}

/// Has `harm` done to the container while a command runs; returns the error.
async fn harmed(conversation: &Conversation, harm: impl FnOnce(&Fake)) -> String {
    let command = sleeper(7201);
    let harm = async {
        eventually(LONG, "the command runs", || is_running(&command)).await;
        harm(&conversation.fake);
    };
    let (error, ()) = tokio::join!(conversation.error(&command), harm);
    eventually(LONG, "its processes have ended", || !is_running(&command)).await;
    error
}

#[tokio::test]
async fn a_container_that_ends_is_reported_and_started_again() {
    let conversation = Conversation::new();
    conversation.succeed("echo kept > /of-container").await;
    let error = harmed(&conversation, |fake| fake.state().containers[NAME].kill()).await;
    assert!(error.contains("ended while the action ran: it ended with exit code 137"), "{error}");
    let observation = conversation.run("cat /of-container").await;
    assert_eq!(observation.content, "kept");
    assert!(observation.metadata.suffix.contains("was started again"), "{observation:?}");
    let observation = conversation.run("true").await;
    assert!(!observation.metadata.suffix.contains("started again"), "{observation:?}");
}

#[tokio::test]
async fn a_broken_connection_is_reported_and_made_again() {
    let conversation = Conversation::new();
    let detach = |container: &mut Container| container.detach();
    let error = harmed(&conversation, |fake| {
        fake.state().containers.values_mut().for_each(detach);
    })
    .await;
    assert!(error.contains("ended while the action ran"), "{error}");
    conversation.succeed("true").await;
    assert_eq!(conversation.fake.state().created.len(), 1);
}

#[tokio::test]
async fn a_container_that_is_gone_is_made_anew() {
    let mut conversation = Conversation::new();
    conversation.succeed("echo kept > file").await;
    let remove = |fake: &Fake| {
        let gone = fake.state().containers.remove(NAME);
        gone.unwrap().kill();
    };
    let error = harmed(&conversation, remove).await;
    assert!(error.contains("it was removed"), "{error}");
    let observation = conversation.run("cat file").await;
    assert_eq!(observation.content, "kept");
    assert!(observation.metadata.suffix.contains("was gone and was made anew"), "{observation:?}");

    conversation.runtime.close().await;
    remove(&conversation.fake);
    conversation.restart(|_| {});
    let observation = conversation.run("cat file").await;
    assert!(observation.metadata.suffix.contains("was gone and was made anew"), "{observation:?}");
}

#[tokio::test]
async fn a_container_with_other_settings_is_made_anew() {
    let mut conversation = Conversation::new();
    conversation.succeed("echo kept > file").await;
    conversation.runtime.close().await;
    conversation.restart(|_| {});
    conversation.succeed("cat file").await;
    conversation.runtime.close().await;
    assert_eq!(conversation.fake.state().created.len(), 1);
    conversation.restart(|config| config.network = NetworkPolicy::Off);
    let observation = conversation.run("cat file").await;
    assert!(observation.metadata.suffix.contains("settings"), "{observation:?}");
    assert_eq!(conversation.fake.state().created[1]["HostConfig"]["NetworkMode"], "none");
}

#[tokio::test]
async fn a_container_that_runs_for_nobody_is_restarted() {
    let mut conversation = Conversation::new();
    conversation.succeed("true").await;
    // Another server has the container and does not let go of it.
    let containers = Containers::new(config(conversation.fake.address()));
    let runtime = open(&containers, &conversation.directory);
    let old = std::mem::replace(&mut conversation.runtime, runtime);
    conversation.succeed("true").await;
    assert_eq!(conversation.fake.count("/start"), 2);
    drop(old);
    conversation.succeed("true").await;
}
