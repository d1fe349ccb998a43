//! Files that turn into links while they are asked for.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tempfile::TempDir;

use crate::support::TestServer;

const CANARY: &str = "canary-outside-of-the-workspace";
const ROUNDS: usize = 300;

/// Makes `name` an ordinary thing and a link to the outside by turns, without a pause.
fn flicker(
    root: &Path,
    name: &'static str,
    inside: &'static str,
    outside: &Path,
    stop: Arc<AtomicBool>,
) {
    let (root, outside) = (root.to_owned(), outside.to_owned());
    std::thread::spawn(move || {
        let (path, spare) = (root.join(name), root.join(format!("{name}.spare")));
        while !stop.load(Ordering::Relaxed) {
            for target in [Path::new(inside), &outside] {
                let _ = std::fs::remove_file(&spare);
                std::os::unix::fs::symlink(target, &spare).unwrap();
                std::fs::rename(&spare, &path).unwrap();
            }
        }
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_comes_and_goes_leads_nowhere() {
    let folder = TempDir::new().unwrap();
    std::fs::create_dir(folder.path().join("site")).unwrap();
    let server = TestServer::with_frontend(folder.path().join("site")).await;
    let outside = folder.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("file.txt"), CANARY).unwrap();
    let id = server.create().await;
    let root = server.folder.path().join("workspaces").join(&id);
    std::fs::create_dir(root.join("inside")).unwrap();
    std::fs::write(root.join("inside/file.txt"), "inside").unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    flicker(&root, "door", "inside", &outside, stop.clone());
    flicker(&root, "page", "inside/file.txt", &outside.join("file.txt"), stop.clone());
    let mut inside = 0;
    for _ in 0..ROUNDS {
        for query in
            ["select-file?file=door/file.txt", "select-file?file=page", "list-files?path=door"]
        {
            let (_, body) = server.get(&format!("/api/conversations/{id}/{query}")).await;
            assert!(!body.to_string().contains(CANARY), "{query}: {body}");
            inside += usize::from(body["code"] == "inside");
        }
        let upload = server
            .http
            .post(server.url(&format!("/api/conversations/{id}/upload-files")))
            .header("content-type", "multipart/form-data; boundary=x")
            .body("--x\r\nContent-Disposition: form-data; name=\"files\"; filename=\"page\"\r\n\r\nmine\r\n--x--\r\n");
        assert!(!upload.send().await.unwrap().text().await.unwrap().contains(CANARY));
        assert_eq!(std::fs::read_to_string(outside.join("file.txt")).unwrap(), CANARY);
    }
    stop.store(true, Ordering::Relaxed);
    assert!(inside > 0, "nothing was ever read, so nothing was tried");
}
