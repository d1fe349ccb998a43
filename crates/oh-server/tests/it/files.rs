//! Files, archives and repositories of a conversation, whether its session runs or not.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use oh_testkit::ScriptedLlm;
use serde_json::{Value, json};

use crate::support::TestServer;

struct Fixture {
    server: TestServer,
    id: String,
}

impl Fixture {
    async fn new(variables: &[(&str, &str)]) -> Self {
        let server = TestServer::with(ScriptedLlm::default(), variables).await;
        let id = server.create().await;
        // Nothing here needs a session.
        server.post(&format!("/api/conversations/{id}/stop"), Value::Null).await;
        Self { server, id }
    }

    fn workspace(&self) -> PathBuf {
        self.server.folder.path().join("workspaces").join(&self.id)
    }

    fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        let path = self.workspace().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }

    fn path(&self, route: &str) -> String {
        format!("/api/conversations/{}/{route}", self.id)
    }

    async fn get(&self, route: &str) -> (u16, Value) {
        self.server.get(&self.path(route)).await
    }

    /// Sends files as a form; a name goes out as it is.
    async fn upload(&self, query: &str, files: &[(&str, &[u8])]) -> (u16, Value) {
        let mut body = Vec::new();
        for (name, contents) in files {
            let head = format!(
                "--frontier\r\nContent-Disposition: form-data; name=\"files\"; filename=\"{name}\"\r\n\r\n"
            );
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(contents);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--frontier--\r\n");
        let url = self.server.url(&self.path(&format!("upload-files{query}")));
        let request = self.server.http.post(url).body(body);
        let request = request.header("content-type", "multipart/form-data; boundary=frontier");
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or_default())
    }

    fn git(&self, arguments: &[&str]) {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=T", "-c", "user.email=t@example.com"]).args(arguments);
        command.current_dir(self.workspace()).env("GIT_CONFIG_GLOBAL", "/dev/null");
        assert!(command.status().unwrap().success(), "git {arguments:?}");
    }
}

fn error(text: &str) -> Value {
    json!({"error": text})
}

#[tokio::test]
async fn files_are_listed_and_read_without_a_session() {
    let files = Fixture::new(&[]).await;
    fs::remove_dir_all(files.workspace()).ok();
    assert_eq!(files.get("list-files").await, (200, json!([])));
    let missing = error("`a` does not exist in the workspace");
    assert_eq!(files.get("select-file?file=a").await, (404, missing));
    files.write("src/a b.txt", "one\r\n");
    files.write("binary", b"\0");
    assert_eq!(files.get("list-files").await, (200, json!(["src/", "binary"])));
    assert_eq!(files.get("list-files?path=src").await, (200, json!(["src/a b.txt"])));
    let code = json!({"code": "one\r\n"});
    assert_eq!(files.get("select-file?file=src/a%20b.txt").await, (200, code.clone()));
    assert_eq!(files.get("select-file?file=/workspace/src/a%20b.txt").await, (200, code));
    assert_eq!(files.get("select-file?file=binary").await.0, 415);
    assert_eq!(files.get("select-file?file=src").await.0, 415);
    let outside =
        error("`../../session_key` is outside the workspace; name a file below /workspace");
    assert_eq!(files.get("select-file?file=../../session_key").await, (403, outside));
    assert_eq!(files.get("list-files?path=/etc").await.0, 403);
    let large = fs::File::create(files.workspace().join("large")).unwrap();
    large.set_len(11 * 1024 * 1024).unwrap();
    assert_eq!(files.get("select-file?file=large").await.0, 413);
    let (status, answer) = files.get("select-file").await;
    assert_eq!((status, &answer["detail"][0]["loc"]), (422, &json!(["query", "file"])));
    let (status, answer) = files.server.get("/api/conversations/nobody/list-files").await;
    assert_eq!((status, answer), (404, json!({"detail": "Conversation nobody not found"})));
}

#[tokio::test]
async fn one_file_comes_byte_for_byte_and_runs_nowhere() {
    let files = Fixture::new(&[]).await;
    let bytes: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
    files.write("src/naïve \"a\".bin", &bytes);
    files.write("page.html", "<script>alert(1)</script>");
    files.write("Logo.SVG", "<svg/>");
    let fetch = async |file: &str| {
        let url = files.server.url(&files.path("raw-file"));
        files.server.http.get(format!("{url}?file={file}")).send().await.unwrap()
    };
    let answer = fetch("src/na%C3%AFve%20%22a%22.bin").await;
    let headers = answer.headers().clone();
    assert_eq!(headers["content-type"], "application/octet-stream");
    assert_eq!(headers["content-length"], "300000");
    let disposition = "attachment; filename*=UTF-8''na%C3%AFve%20%22a%22.bin";
    assert_eq!(headers["content-disposition"], disposition);
    assert_eq!(answer.bytes().await.unwrap(), bytes);
    for (file, content_type) in
        [("page.html", "application/octet-stream"), ("Logo.SVG", "image/svg+xml")]
    {
        let headers = fetch(file).await.headers().clone();
        assert_eq!(headers["content-type"], content_type);
        assert!(headers["content-disposition"].to_str().unwrap().starts_with("attachment"));
        assert_eq!(headers["x-content-type-options"], "nosniff");
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("sandbox"), "{policy}");
        assert_eq!(headers["cross-origin-resource-policy"], "same-origin");
    }
    for (file, status) in [
        ("nothing", 404),
        ("src", 415),
        ("../../session_key", 403),
        ("/etc/passwd", 403),
        ("", 422),
    ] {
        assert_eq!(fetch(file).await.status().as_u16(), status, "{file}");
    }
}

#[tokio::test]
async fn what_is_uploaded_comes_back_in_the_archive() {
    let files = Fixture::new(&[]).await;
    let bytes: Vec<u8> =
        (0..2_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let sent: [(&str, &[u8]); 4] =
        [("naïve 日本.bin", &bytes), ("empty", b""), ("../evil", b"x"), ("", b"x")];
    let (status, answer) = files.upload("", &sent).await;
    let place = |name: &str| files.workspace().join(name).display().to_string();
    let expected = json!({
        "uploaded_files": [place("naïve 日本.bin"), place("empty")],
        "skipped_files": [
            {"name": "../evil", "reason": "File name must not name a directory"},
            {"name": "", "reason": "File has no name"},
        ],
    });
    assert_eq!((status, answer), (200, expected));
    assert_eq!(fs::read(files.workspace().join("naïve 日本.bin")).unwrap(), bytes);
    assert!(!files.workspace().parent().unwrap().join("evil").exists());

    let url = files.server.url(&files.path("zip-directory"));
    let response = files.server.http.get(url).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/zip");
    let disposition = "attachment; filename=\"workspace.zip\"";
    assert_eq!(response.headers()["content-disposition"], disposition);
    let archive = response.bytes().await.unwrap();

    // A zip is a file like any other, unless it is to be unpacked.
    let (_, answer) = files.upload("?destination=kept", &[("w.zip", &archive)]).await;
    assert_eq!(answer["uploaded_files"], json!([place("kept/w.zip")]));
    assert_eq!(fs::read(files.workspace().join("kept/w.zip")).unwrap(), archive);
    let (_, answer) =
        files.upload("?destination=copy&recursive=true", &[("w.zip", &archive)]).await;
    assert_eq!(answer["skipped_files"], json!([]));
    assert_eq!(fs::read(files.workspace().join("copy/naïve 日本.bin")).unwrap(), bytes);
    assert!(!files.workspace().join("copy/w.zip").exists());
    let (_, answer) = files.upload("?recursive=true", &[("w.zip", b"no zip")]).await;
    assert_eq!(answer["skipped_files"][0]["reason"], "File is not a readable zip archive");
}

#[tokio::test]
async fn uploads_are_limited_by_the_configuration() {
    let files = Fixture::new(&[
        ("FILE_UPLOADS_MAX_FILE_SIZE_MB", "1"),
        ("FILE_UPLOADS_RESTRICT_FILE_TYPES", "true"),
        ("FILE_UPLOADS_ALLOWED_EXTENSIONS", "['.txt']"),
    ])
    .await;
    let large = vec![0; 1024 * 1024 + 1];
    let sent: [(&str, &[u8]); 3] = [("large.txt", &large), ("a.exe", b""), ("good.txt", b"good")];
    let (status, answer) = files.upload("", &sent).await;
    let expected = json!({
        "uploaded_files": [files.workspace().join("good.txt").display().to_string()],
        "skipped_files": [
            {"name": "large.txt", "reason": "File is larger than the limit of 1 MiB"},
            {"name": "a.exe", "reason": "Files with .exe are not allowed; allowed are .txt"},
        ],
    });
    assert_eq!((status, answer), (200, expected));
    assert_eq!(files.get("list-files").await.1, json!(["good.txt"]));
    assert_eq!(files.upload("", &[]).await.0, 422);
    let (status, answer) = files.server.post(&files.path("upload-files"), json!({})).await;
    assert_eq!((status, &answer["detail"][0]["loc"]), (422, &json!(["body", "files"])));
}

#[tokio::test]
async fn changes_and_diffs_are_shown_without_a_session() {
    let files = Fixture::new(&[]).await;
    files.write("a b.txt", "one\r\n");
    files.write("gone.txt", "gone");
    assert_eq!(files.get("git/changes").await, (404, error("Not a git repository")));
    let lost = error("`a b.txt` is not in a git repository");
    assert_eq!(files.get("git/diff?path=a%20b.txt").await, (500, lost));
    files.git(&["init", "-q"]);
    files.git(&["add", "-A"]);
    files.git(&["commit", "-q", "-m", "x"]);
    files.write("a b.txt", "two\r\n");
    files.write("new.bin", b"\0");
    fs::remove_file(files.workspace().join("gone.txt")).unwrap();
    let changes = json!([
        {"status": "M", "path": "a b.txt"},
        {"status": "D", "path": "gone.txt"},
        {"status": "A", "path": "new.bin"},
    ]);
    assert_eq!(files.get("git/changes").await, (200, changes));
    let check = async |path: &str, modified: &str, original: &str, binary: bool| {
        let expected = json!({"modified": modified, "original": original, "binary": binary});
        assert_eq!(files.get(&format!("git/diff?path={path}")).await, (200, expected), "{path}");
    };
    check("a%20b.txt", "two\r\n", "one\r\n", false).await;
    check("gone.txt", "", "gone", false).await;
    check("new.bin", "", "", true).await;
    assert_eq!(files.get("git/diff?path=nothing").await.0, 404);
    assert_eq!(files.get("git/diff?path=../x").await.0, 403);
    assert_eq!(files.get("git/diff").await.0, 422);
    files.write("large", vec![b'x'; 1024 * 1024 + 1]);
    assert_eq!(files.get("git/diff?path=large").await.0, 500);
    for number in 0..2_001 {
        files.write(&format!("many/{number}"), "");
    }
    let url = files.server.url(&files.path("git/changes"));
    let response = files.server.http.get(url).send().await.unwrap();
    assert_eq!(response.headers()["x-openhands-truncated"], "true");
}
