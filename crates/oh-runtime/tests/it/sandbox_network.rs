//! A sandbox with a network of its own, from which a proxy leads to what is allowed.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use oh_runtime::{NetworkPolicy, SandboxMode, SandboxPolicy};

use crate::sandbox::{MODES, Sandbox};

fn allowing(hosts: &[&str], port: Option<u16>) -> Sandbox {
    Sandbox::with(SandboxMode::Namespaces, |config| {
        config.network =
            NetworkPolicy::AllowList(hosts.iter().map(|&host| host.to_owned()).collect());
        config.ports = port.into_iter().collect();
    })
}

#[tokio::test]
async fn packages_come_from_allowed_hosts_and_nothing_from_others() {
    let sandbox = allowing(&["pypi.org", "*.pythonhosted.org"], None);
    sandbox.succeed("python3 -m venv venv").await;
    let installed = sandbox.run_for("venv/bin/pip install -q six", Duration::from_secs(120)).await;
    assert_eq!(installed.metadata.exit_code, 0, "{installed:?}");
    let refused = sandbox.run("curl -sS https://registry.npmjs.org/is-number").await;
    assert_ne!(refused.metadata.exit_code, 0, "{refused:?}");
    let suffix = &refused.metadata.suffix;
    assert!(suffix.contains("only these hosts") && suffix.contains("pypi.org"), "{refused:?}");
    let why = sandbox.run("curl -s http://registry.npmjs.org/is-number").await;
    assert!(why.content.contains("not in sandbox.allowed_hosts"), "{why:?}");
    sandbox.fail("env -u HTTPS_PROXY -u https_proxy curl -sS --noproxy '*' https://pypi.org").await;
}

#[tokio::test]
async fn this_machine_is_out_of_reach_and_forwarded_ports_are_not() {
    let secret = TcpListener::bind("127.0.0.1:0").unwrap();
    let secret_port = secret.local_addr().unwrap().port();
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let sandbox = allowing(
        &["*", &format!("127.0.0.1:{secret_port}"), &format!("localhost:{secret_port}")],
        Some(port),
    );
    sandbox.fail(&format!("exec 3<>/dev/tcp/127.0.0.1/{secret_port}")).await;
    for name in ["127.0.0.1", "localhost", "0.0.0.0", "[::1]"] {
        let address = format!("http://{name}:{secret_port}/");
        let proxied = format!(
            "curl -s --noproxy '' -x http://127.0.0.1:3128 -o /dev/null -w '%{{http_code}}' {address}"
        );
        let observation = sandbox.run(&proxied).await;
        assert!(["403", "502", "400"].contains(&observation.content.as_str()), "{observation:?}");
    }
    secret.set_nonblocking(true).unwrap();
    assert!(secret.accept().is_err(), "nobody came");

    sandbox.succeed("echo hello > index.html").await;
    sandbox.succeed(&format!("python3 -m http.server {port} > log 2>&1 &")).await;
    sandbox
        .succeed(&format!(
            "curl -s --retry 20 --retry-connrefused --retry-delay 1 http://127.0.0.1:{port}/"
        ))
        .await;
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let answer = tokio::task::spawn_blocking(move || {
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    assert!(answer.await.unwrap().ends_with("hello\n"));
}

#[tokio::test]
async fn refusals_are_explained_to_the_model() {
    for mode in MODES {
        let sandbox = Sandbox::with(mode, |config| config.network = NetworkPolicy::Off);
        let observation = sandbox.run("echo x > /etc/openhands-test").await;
        let suffix = &observation.metadata.suffix;
        assert!(suffix.contains("The sandbox refused access to /etc/openhands-test"), "{suffix}");
        assert!(suffix.contains("policy workspace-write"), "{suffix}");
        let observation = sandbox.run("curl -sS http://example.org").await;
        assert!(observation.metadata.suffix.contains("no network"), "{mode:?}: {observation:?}");
        let observation =
            sandbox.run("chmod 0 . && cat nothing; chmod 755 .; exit_code=1; false").await;
        assert!(!observation.metadata.suffix.contains("The sandbox"), "{observation:?}");
    }
    let sandbox =
        Sandbox::with(SandboxMode::Namespaces, |config| config.policy = SandboxPolicy::ReadOnly);
    let observation = sandbox.run("touch ./file").await;
    assert!(observation.metadata.suffix.contains("/workspace/file"), "{observation:?}");
}
