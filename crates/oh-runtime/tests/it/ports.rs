//! Ports that commands open, seen and reached from outside.

use std::net::{IpAddr, Ipv4Addr, TcpListener};

use oh_runtime::{NetworkPolicy, Runtime, SandboxMode};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use crate::sandbox::{MODES, Sandbox};
use crate::support::{Fixture, LONG};

/// A server that answers each line with itself.
const ECHO: &str = r#"
import socket, sys, threading
listener = socket.socket()
listener.bind((sys.argv[1], int(sys.argv[2])))
listener.listen()
print(listener.getsockname()[1], file=open("port.new", "w"), flush=True)
import os
os.rename("port.new", "port")
def serve(connection):
    with connection:
        while data := connection.recv(65536):
            connection.sendall(data)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"#;

async fn in_time<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(LONG, work).await.expect("it comes in time")
}

async fn start_echo(sandbox: &Sandbox, address: &str) -> u16 {
    std::fs::write(sandbox.directory.path().join("workspace/echo.py"), ECHO).unwrap();
    sandbox.succeed(&format!("rm -f port; python3 echo.py {address} 0 > log 2>&1 &")).await;
    let wait = "until [ -e port ]; do sleep 0.05; done; cat port";
    let run = sandbox.run(wait).await;
    run.content.trim().parse().unwrap_or_else(|_| panic!("{run:?}"))
}

async fn check_echo(mut stream: DuplexStream) {
    in_time(stream.write_all(b"hello\n")).await.unwrap();
    let mut answer = [0; 6];
    in_time(stream.read_exact(&mut answer)).await.unwrap();
    assert_eq!(&answer, b"hello\n");
}

async fn refusal(runtime: &dyn Runtime, port: u16) -> String {
    in_time(runtime.connect(port)).await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_port_is_seen_and_reached_in_every_network() {
    let allowed = NetworkPolicy::AllowList(vec!["example.org".to_owned()]);
    for (mode, network, address) in [
        (SandboxMode::Namespaces, NetworkPolicy::On, "127.0.0.1"),
        (SandboxMode::Namespaces, NetworkPolicy::Off, "0.0.0.0"),
        (SandboxMode::Namespaces, allowed, "127.0.0.1"),
        (SandboxMode::Landlock, NetworkPolicy::On, "0.0.0.0"),
        (SandboxMode::Unconfined, NetworkPolicy::On, "127.0.0.1"),
    ] {
        let case = format!("{mode:?} {network:?}");
        let sandbox = Sandbox::with(mode, |config| config.network = network);
        assert_eq!(sandbox.runtime.ports().await, [], "{case}: nothing was started");
        let port = start_echo(&sandbox, address).await;
        let ports = in_time(sandbox.runtime.ports()).await;
        let [open] = &ports[..] else { panic!("{case}: {ports:?}") };
        assert_eq!((open.port, open.address), (port, address.parse().unwrap()), "{case}");
        assert!(open.process.contains("python3 echo.py"), "{open:?}");
        check_echo(in_time(sandbox.runtime.connect(port)).await.unwrap()).await;
        sandbox.runtime.stop_processes().await;
        assert_eq!(sandbox.runtime.ports().await, [], "{case}");
        let reason = refusal(&sandbox.runtime, port).await;
        assert_eq!(reason, format!("no process of this conversation listens on port {port}"));
    }
}

#[tokio::test]
async fn without_a_sandbox_ports_are_those_of_the_conversation() {
    let fixture = Fixture::new();
    let foreign = TcpListener::bind("127.0.0.1:0").unwrap();
    std::fs::write(fixture.workspace().join("echo.py"), ECHO).unwrap();
    fixture.run("python3 echo.py 127.0.0.1 0 > log 2>&1 &").await;
    let run = fixture.run("until [ -e port ]; do sleep 0.05; done; cat port").await;
    let port = run.content.trim().parse().unwrap();
    let ports = fixture.runtime.ports().await;
    assert_eq!(ports.iter().map(|open| open.port).collect::<Vec<_>>(), [port]);
    assert_eq!(ports[0].address, IpAddr::from(Ipv4Addr::LOCALHOST));
    check_echo(fixture.runtime.connect(port).await.unwrap()).await;
    let foreign = foreign.local_addr().unwrap().port();
    let reason = refusal(&fixture.runtime, foreign).await;
    assert!(reason.contains("no process of this conversation"), "{reason}");
}

#[tokio::test]
async fn ports_of_others_are_not_reached() {
    for mode in MODES {
        let (one, other) = (Sandbox::new(mode), Sandbox::new(mode));
        let port = start_echo(&other, "127.0.0.1").await;
        one.succeed("true").await;
        let ours = TcpListener::bind("127.0.0.1:0").unwrap();
        for foreign in [port, ours.local_addr().unwrap().port()] {
            let reason = refusal(&one.runtime, foreign).await;
            assert!(reason.contains("no process of this conversation"), "{mode:?}: {reason}");
        }
        // A port that is its own at one address only, and at another one somebody else's.
        let shared = ours.local_addr().unwrap().port();
        std::fs::write(one.directory.path().join("workspace/echo.py"), ECHO).unwrap();
        one.succeed(&format!("python3 echo.py 127.0.0.2 {shared} > log 2>&1 &")).await;
        one.succeed("until [ -e port ]; do sleep 0.05; done").await;
        check_echo(in_time(one.runtime.connect(shared)).await.unwrap()).await;
        ours.set_nonblocking(true).unwrap();
        assert!(ours.accept().is_err(), "{mode:?}: nobody came");
        check_echo(in_time(other.runtime.connect(port)).await.unwrap()).await;
    }
}

#[tokio::test]
async fn our_own_relay_is_no_port_of_the_conversation() {
    let sandbox = Sandbox::with(SandboxMode::Namespaces, |config| {
        config.network = NetworkPolicy::AllowList(vec!["example.org".to_owned()]);
    });
    sandbox.succeed("exec 3<>/dev/tcp/127.0.0.1/3128").await;
    assert_eq!(sandbox.runtime.ports().await, []);
    assert!(refusal(&sandbox.runtime, 3128).await.contains("no process"));
}

#[tokio::test]
async fn connections_are_bounded_and_end_with_their_streams() {
    let sandbox = Sandbox::new(SandboxMode::Landlock);
    let port = start_echo(&sandbox, "127.0.0.1").await;
    let mut streams = Vec::new();
    for _ in 0..64 {
        streams.push(in_time(sandbox.runtime.connect(port)).await.unwrap());
    }
    let next = sandbox.runtime.connect(port);
    let mut next = std::pin::pin!(next);
    let early = tokio::time::timeout(std::time::Duration::from_millis(300), next.as_mut()).await;
    assert!(early.is_err(), "there is no room");
    let reason = refusal(&sandbox.runtime, 1).await;
    assert!(reason.contains("no process"), "{reason}");
    streams.pop();
    check_echo(in_time(next).await.unwrap()).await;
    check_echo(streams.pop().unwrap()).await;

    let (mut reader, mut writer) = tokio::io::split(streams.pop().unwrap());
    let sent: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    let mut received = vec![0; sent.len()];
    let (written, read) =
        in_time(async { tokio::join!(writer.write_all(&sent), reader.read_exact(&mut received)) })
            .await;
    written.unwrap();
    read.unwrap();
    assert!(received == sent, "the bytes are those that were sent");
}

#[tokio::test]
async fn a_connection_ends_when_the_server_goes() {
    let sandbox = Sandbox::new(SandboxMode::Namespaces);
    let port = start_echo(&sandbox, "127.0.0.1").await;
    let mut stream = in_time(sandbox.runtime.connect(port)).await.unwrap();
    sandbox.runtime.stop_processes().await;
    let mut rest = Vec::new();
    in_time(stream.read_to_end(&mut rest)).await.unwrap();
    assert!(rest.is_empty(), "{rest:?}");
}
