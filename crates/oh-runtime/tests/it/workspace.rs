//! Listing, reading and uploading, with names and links that try to get out.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use oh_runtime::{UploadRules, Workspace, WorkspaceError};
use tempfile::TempDir;

/// A workspace beside a directory that must stay as it is.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
    pub(crate) workspace: Workspace,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("outside")).unwrap();
        fs::write(folder.path().join("outside/secret"), "secret").unwrap();
        let workspace = Workspace::create(&folder.path().join("workspace")).unwrap();
        Self { folder, workspace }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("workspace").join(name)
    }

    pub(crate) fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }

    pub(crate) fn link(&self, target: impl AsRef<Path>, name: &str) {
        symlink(target, self.path(name)).unwrap();
    }

    /// Fails if anything was made, changed or removed outside the workspace.
    pub(crate) fn check_outside(&self) {
        let names = |path: &str| {
            let mut names: Vec<_> = fs::read_dir(self.folder.path().join(path))
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        };
        assert_eq!(names("."), ["outside", "workspace"]);
        assert_eq!(names("outside"), ["secret"]);
        let secret = fs::read_to_string(self.folder.path().join("outside/secret")).unwrap();
        assert_eq!(secret, "secret");
    }

    fn list(&self, path: &str) -> Vec<String> {
        self.workspace.list(Some(path)).unwrap()
    }

    fn upload(&self, name: &str, contents: &[u8]) -> Result<PathBuf, WorkspaceError> {
        let mut upload = self.workspace.start_upload("", name, UploadRules::default())?;
        for piece in contents.chunks(1000) {
            upload.write(piece)?;
        }
        upload.finish()
    }
}

fn fifo(path: &Path) {
    use rustix::fs::{CWD, FileType, Mode, mknodat};

    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
}

#[test]
fn directories_come_first_and_useless_names_not_at_all() {
    let place = Place::new();
    for name in ["b.txt", "A.txt", "zoo/x", "Bar/x", ".git/x", "node_modules/x", ".DS_Store"] {
        place.write(name, "");
    }
    place.link("zoo", "link");
    place.link("nowhere", "broken");
    place.link("../outside", "leaves");
    let expected = ["Bar/", "link/", "zoo/", "A.txt", "b.txt", "leaves"];
    assert_eq!(place.workspace.list(None).unwrap(), expected);
    assert_eq!(place.list("zoo"), ["zoo/x"]);
    assert_eq!(place.list("zoo/"), ["zoo/x"]);
    assert_eq!(place.list("/workspace/zoo"), ["/workspace/zoo/x"]);
    let real = place.path("zoo").display().to_string();
    assert_eq!(place.list(&real), [format!("{real}/x")]);
    assert_eq!(place.list("link"), ["link/x"]);
    assert_eq!(place.list("b.txt"), Vec::<String>::new());
    assert_eq!(place.list("nothing"), Vec::<String>::new());
}

#[test]
fn ignored_files_are_not_listed() {
    let place = Place::new();
    place.write(".gitignore", "*.log\nbuild/\n!keep.log\n\\");
    for name in ["a.log", "keep.log", "a.rs", "build/out", "sub/b.log", "sub/b.rs"] {
        place.write(name, "");
    }
    assert_eq!(place.workspace.list(None).unwrap(), ["sub/", ".gitignore", "a.rs", "keep.log"]);
    assert_eq!(place.list("sub"), ["sub/b.rs"]);
    assert_eq!(place.list("build"), Vec::<String>::new());
    // Neither a link nor a named pipe holds the listing up or is read.
    fs::remove_file(place.path(".gitignore")).unwrap();
    fifo(&place.path(".gitignore"));
    assert!(place.workspace.list(None).unwrap().contains(&"a.log".to_owned()));
}

#[test]
fn odd_names_are_listed_and_read() {
    let place = Place::new();
    let names = ["with space", "new\nline", "naïve 日本 🦀", "-dash", "quote\"'", "back\\slash"];
    for name in names {
        place.write(name, name);
        assert_eq!(place.workspace.read_text(name).unwrap(), name);
    }
    let odd = OsStr::from_bytes(b"caf\xe9");
    fs::create_dir(place.folder.path().join("workspace").join(odd)).unwrap();
    let inner =
        place.folder.path().join("workspace").join(odd).join(OsStr::from_bytes(b"\xff.txt"));
    fs::write(inner, "inner").unwrap();
    let listed = place.list("");
    assert_eq!(listed[0], "caf\u{fffd}/");
    assert_eq!(listed.len(), names.len() + 1);
    let inner = place.list(&listed[0]);
    assert_eq!(inner, ["caf\u{fffd}/\u{fffd}.txt"]);
    assert_eq!(place.workspace.read_text(&inner[0]).unwrap(), "inner");
}

#[test]
fn text_is_read_as_it_is_and_nothing_else_is() {
    let place = Place::new();
    let check = |path: &str, expected: &str| {
        let result = place.workspace.read_text(path);
        assert_eq!(result.unwrap_err().to_string(), expected, "{path}");
    };
    place.write("text", "\u{feff}a\r\nb  \n\n");
    for path in ["text", "./text", "/workspace/text", "x/../text"] {
        place.write("x/y", "");
        assert_eq!(place.workspace.read_text(path).unwrap(), "\u{feff}a\r\nb  \n\n");
    }
    place.write("latin", b"caf\xe9");
    place.write("nul", b"a\0b");
    let binary = "is binary and cannot be shown as text; download it instead";
    check("latin", &format!("`latin` {binary}"));
    check("nul", &format!("`nul` {binary}"));
    check("missing", "`missing` does not exist in the workspace");
    check("text/below", "`text/below` does not exist in the workspace");
    check("nu\0l", "`nu\0l` does not exist in the workspace");
    check("x", "`x` is a directory, not a regular file");
    check("", "`` is a directory, not a regular file");
    fifo(&place.path("pipe"));
    check("pipe", "`pipe` is a named pipe, not a regular file");
    let _listener = std::os::unix::net::UnixListener::bind(place.path("socket")).unwrap();
    check("socket", "`socket` is a socket, not a regular file");
    let large = fs::File::create(place.path("large")).unwrap();
    large.set_len(10 * 1024 * 1024 + 1).unwrap();
    check(
        "large",
        "`large` has more than the 10485760 bytes that can be shown; download it instead",
    );
}

#[test]
fn nothing_outside_is_read_or_listed() {
    let place = Place::new();
    let secret = place.folder.path().join("outside/secret");
    place.link("../outside/secret", "file");
    place.link("../outside", "directory");
    place.link(&secret, "absolute");
    place.link("/proc/self/root", "magic");
    place.write("inner/x", "");
    place.link("inner/../../outside", "sneaky");
    let paths = [
        "../outside/secret",
        "/etc/passwd",
        "/workspace/../outside/secret",
        "/workspacex/secret",
        "file",
        "directory/secret",
        "absolute",
        "magic/etc/passwd",
        "sneaky/secret",
        "inner/../../outside/secret",
        secret.to_str().unwrap(),
    ];
    for path in paths {
        let error = place.workspace.read_text(path).unwrap_err();
        assert!(matches!(error, WorkspaceError::Outside { .. }), "{path}: {error:?}");
    }
    for path in ["..", "/", "directory", "sneaky", "/workspace/.."] {
        let error = place.workspace.list(Some(path)).unwrap_err();
        assert!(matches!(error, WorkspaceError::Outside { .. }), "{path}: {error:?}");
    }
    // A directory whose name begins like the workspace is another one.
    let sibling = place.folder.path().join("workspace2");
    let error = place.workspace.list(sibling.to_str()).unwrap_err();
    assert!(matches!(error, WorkspaceError::Outside { .. }), "{error:?}");
}

#[test]
fn uploads_arrive_byte_by_byte_and_all_at_once() {
    let place = Place::new();
    let bytes: Vec<u8> =
        (0..100_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let name = "bytes \n日本.bin";
    let where_it_is = place.upload(name, &bytes).unwrap();
    assert_eq!(where_it_is, place.path(name));
    assert_eq!(fs::read(&where_it_is).unwrap(), bytes);

    place.write("script", "old");
    fs::set_permissions(place.path("script"), fs::Permissions::from_mode(0o755)).unwrap();
    let mut upload = place.workspace.start_upload("", "script", UploadRules::default()).unwrap();
    upload.write(b"new").unwrap();
    assert_eq!(fs::read_to_string(place.path("script")).unwrap(), "old");
    upload.finish().unwrap();
    assert_eq!(fs::read_to_string(place.path("script")).unwrap(), "new");
    let mode = fs::metadata(place.path("script")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o755);

    let deep = place.workspace.start_upload("/workspace/a/b", "c", UploadRules::default());
    assert_eq!(deep.unwrap().finish().unwrap(), place.path("a/b/c"));
    assert_eq!(place.list(""), ["a/", name, "script"]);
}

#[test]
fn an_upload_that_is_given_up_leaves_nothing() {
    let place = Place::new();
    let mut upload = place.workspace.start_upload("", "file", UploadRules::default()).unwrap();
    upload.write(b"half").unwrap();
    drop(upload);
    assert_eq!(place.list(""), Vec::<String>::new());
}

#[test]
fn uploads_keep_to_the_rules() {
    let place = Place::new();
    let check = |name: &str, size: usize, expected: &str| {
        let rules = UploadRules {
            max_bytes: Some(1024 * 1024),
            allowed_extensions: Some(vec![".txt".to_owned(), ".".to_owned()]),
        };
        let result = place
            .workspace
            .start_upload("", name, rules)
            .and_then(|mut upload| upload.write(&vec![0; size]).and_then(|()| upload.finish()));
        let answer = result.map_or_else(|error| error.to_string(), |_| "taken".to_owned());
        assert_eq!(answer, expected, "{name:?}");
    };
    check("a.txt", 1024 * 1024, "taken");
    check("b.TXT", 1, "taken");
    check("README", 1, "taken");
    check("c.txt", 1024 * 1024 + 1, "File is larger than the limit of 1 MiB");
    check("d.exe", 1, "Files with .exe are not allowed; allowed are .txt, .");
    for name in ["../x.txt", "/x.txt", "a/x.txt", "..\\x.txt"] {
        check(name, 1, "File name must not name a directory");
    }
    for name in ["", ".", ".."] {
        check(name, 1, "File has no name");
    }
    check("x\0.txt", 1, "File name must not contain NUL");
    check(&"x".repeat(256), 1, "File name is longer than 255 bytes");
    assert_eq!(place.list(""), ["a.txt", "b.TXT", "README"]);
    place.check_outside();
}

#[test]
fn uploads_do_not_follow_links_out() {
    let place = Place::new();
    place.link("../outside/secret", "file");
    place.upload("file", b"mine").unwrap();
    assert_eq!(fs::read_to_string(place.path("file")).unwrap(), "mine");
    assert!(fs::symlink_metadata(place.path("file")).unwrap().is_file());

    place.link("../outside", "directory");
    for directory in ["directory", "directory/new", "..", "/tmp/x", "../outside"] {
        let error = place.workspace.start_upload(directory, "x", UploadRules::default());
        let error = error.unwrap_err();
        assert!(matches!(error, WorkspaceError::Outside { .. }), "{directory}: {error:?}");
    }
    place.write("folder/x", "");
    let error = place.upload("folder", b"").unwrap_err();
    assert_eq!(error.to_string(), "A directory has this name");
    place.check_outside();
}
