//! Programs run in containers, terminals, attached streams.

use pintle_runtime::{ContainerRuntime as _, ExecRequest, RuntimeError, TerminalSize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{Node, PATIENCE, eventually, text};

fn shell(script: &str) -> Vec<String> {
    vec!["/bin/sh".into(), "-c".into(), script.into()]
}

/// Reads until the text contains `end`.
async fn read_until(stream: &mut (impl tokio::io::AsyncRead + Unpin), end: &str) -> String {
    let mut got = Vec::new();
    let work = async {
        let mut buffer = [0; 1024];
        while !String::from_utf8_lossy(&got).contains(end) {
            match stream.read(&mut buffer).await.unwrap() {
                0 => break,
                count => got.extend(&buffer[..count]),
            }
        }
    };
    let done = tokio::time::timeout(PATIENCE, work).await;
    let got = String::from_utf8_lossy(&got).into_owned();
    done.unwrap_or_else(|_| panic!("{end:?} does not come, only {got:?}"));
    got
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_run_with_their_streams() {
    let node = Node::start().await;
    let sandbox = node.sandbox(|_| {}).await;
    let mut config = node.config("main", "exec sleep 1000");
    config.env = vec![("MINE".into(), "too".into())];
    let id = node.run_with(&sandbox, config).await;
    let result = node.exec(&id, "cat; echo $MINE; echo oops >&2; exit 5", "typed\n").await;
    assert_eq!(result, ("typed\ntoo\n".into(), "oops\n".into(), 5));
    assert_eq!(node.exec(&id, "kill -9 $$", "").await.2, 137);
    let big = "x".repeat(300_000);
    assert_eq!(node.exec(&id, "cat", &big).await.0.len(), big.len());

    let request = ExecRequest { command: vec!["/bin/nothing".into()], stdout: true, ..ExecRequest::default() };
    let error = node.runtime.exec(&id, request).await.unwrap_err();
    assert!(matches!(&error, RuntimeError::Start { program, .. } if program == "/bin/nothing"), "{error:?}");
    assert!(error.to_string().contains("no such file or directory"), "{error}");

    // Dropped sessions take their program along.
    let request = ExecRequest { command: shell("exec sleep 1234"), stdout: true, ..ExecRequest::default() };
    let session = node.runtime.exec(&id, request).await.unwrap();
    eventually("it runs", async || node.exec(&id, "ps", "").await.0.contains("sleep 1234").then_some(())).await;
    drop(session);
    eventually("it is gone", async || (!node.exec(&id, "ps", "").await.0.contains("sleep 1234")).then_some(())).await;
    node.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn terminals_have_a_size() {
    let node = Node::start().await;
    let sandbox = node.sandbox(|_| {}).await;
    let id = node.run(&sandbox, "main", "exec sleep 1000").await;
    let request =
        ExecRequest { command: vec!["/bin/sh".into()], tty: true, stdin: true, stdout: true, ..ExecRequest::default() };
    let session = node.runtime.exec(&id, request).await.unwrap();
    let (mut stdin, mut stdout, resize) =
        (session.io.stdin.unwrap(), session.io.stdout.unwrap(), session.io.resize.unwrap());
    assert!(session.io.stderr.is_none());
    stdin.write_all(b"trap 'echo size=$(stty size)' WINCH; tty; echo set-$((40+2))\n").await.unwrap();
    let said = read_until(&mut stdout, "set-42").await;
    assert!(said.contains("/dev/pts/"), "{said}");
    resize.send(TerminalSize { width: 91, height: 33 }).await.unwrap();
    // A shell runs its traps between commands.
    stdin
        .write_all(
            b"sleep 0.2; echo after; while ! stty size | grep -q '33 91'; do sleep 0.05; done; echo fits-$((40+2))\n",
        )
        .await
        .unwrap();
    read_until(&mut stdout, "fits-42").await;
    stdin.write_all(b"exit 4\n").await.unwrap();
    assert_eq!(tokio::time::timeout(PATIENCE, session.exit).await.unwrap().unwrap(), 4);
    read_until(&mut stdout, "never").await;
    node.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn attached_clients_talk_to_the_main_program() {
    let mut node = Node::start().await;
    let sandbox = node.sandbox(|_| {}).await;
    let mut config = node.config("once", "cat; echo oops >&2; exit 6");
    (config.stdin, config.stdin_once) = (true, true);
    let id = node.run_with(&sandbox, config).await;
    let request = ExecRequest { stdin: true, stdout: true, stderr: true, ..ExecRequest::default() };
    let session = node.runtime.attach(&id, request).await.unwrap();
    let (mut stdin, mut stdout, mut stderr) =
        (session.io.stdin.unwrap(), session.io.stdout.unwrap(), session.io.stderr.unwrap());
    stdin.write_all(b"typed\n").await.unwrap();
    assert_eq!(read_until(&mut stdout, "\n").await, "typed\n");
    // The end of the input ends `cat`, and with it the program.
    drop(stdin);
    assert_eq!(read_until(&mut stderr, "\n").await, "oops\n");
    assert_eq!(tokio::time::timeout(PATIENCE, session.exit).await.unwrap().unwrap(), 6);
    assert_eq!(node.exited(&id).await.0, 6);
    assert_eq!(node.log("once"), [text("stdout", "typed"), text("stderr", "oops")]);

    let mut config = node
        .config("tty", "tty; read x; echo got-$x; while ! stty size | grep -q '33 91'; do sleep 0.05; done; exit 8");
    (config.stdin, config.tty) = (true, true);
    let id = node.run_with(&sandbox, config).await;
    let request = ExecRequest { stdin: true, stdout: true, tty: true, ..ExecRequest::default() };
    let session = node.runtime.attach(&id, request.clone()).await.unwrap();
    session.io.stdin.unwrap().write_all(b"word\n").await.unwrap();
    let mut stdout = session.io.stdout.unwrap();
    assert!(read_until(&mut stdout, "got-word").await.contains("got-word"));
    session.io.resize.unwrap().send(TerminalSize { width: 91, height: 33 }).await.unwrap();
    assert_eq!(node.exited(&id).await.0, 8);
    assert!(matches!(node.runtime.attach(&id, request).await, Err(RuntimeError::Invalid(_))));
    node.close().await;
}
