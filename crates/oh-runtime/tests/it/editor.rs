use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use oh_event::{
    Action, EditAction, EditImplSource, EditObservation, Observation, ReadAction, ReadImplSource,
    ReadObservation, SecurityRisk, WriteAction,
};
use oh_runtime::{LocalRuntime, Runtime};

use crate::support::{Fixture, config};

pub(crate) fn edit_action(path: &Path, command: &str) -> EditAction {
    EditAction {
        path: path.to_string_lossy().into_owned(),
        command: command.into(),
        file_text: None,
        old_str: None,
        new_str: None,
        insert_line: None,
        content: String::new(),
        start: 1,
        end: -1,
        thought: String::new(),
        confirmation_state: oh_event::ConfirmationState::Confirmed,
        security_risk: SecurityRisk::Unknown,
        impl_source: EditImplSource::OhAci,
    }
}

fn read_action(path: &str, impl_source: ReadImplSource) -> ReadAction {
    ReadAction {
        path: path.into(),
        start: 0,
        end: -1,
        thought: String::new(),
        confirmation_state: oh_event::ConfirmationState::Confirmed,
        security_risk: SecurityRisk::Unknown,
        impl_source,
        view_range: None,
    }
}

fn edit_observation(observation: Observation) -> EditObservation {
    match observation {
        Observation::Edit(observation) => observation,
        other => panic!("not an edit observation: {other:?}"),
    }
}

impl Fixture {
    async fn edit(&self, action: EditAction) -> EditObservation {
        edit_observation(self.execute(Action::Edit(action)).await)
    }

    async fn create(&self, path: &Path, text: &str) -> EditObservation {
        self.edit(EditAction { file_text: Some(text.into()), ..edit_action(path, "create") }).await
    }

    async fn replace(&self, path: &Path, old: &str, new: &str) -> EditObservation {
        let action = edit_action(path, "str_replace");
        self.edit(EditAction { old_str: Some(old.into()), new_str: Some(new.into()), ..action })
            .await
    }

    async fn insert(&self, path: &Path, line: i64, new: &str) -> EditObservation {
        let action = edit_action(path, "insert");
        self.edit(EditAction { insert_line: Some(line), new_str: Some(new.into()), ..action }).await
    }

    async fn undo(&self, path: &Path) -> EditObservation {
        self.edit(edit_action(path, "undo_edit")).await
    }

    async fn view(&self, path: &str, range: Option<&[i64]>) -> String {
        let action = ReadAction {
            view_range: range.map(<[i64]>::to_vec),
            ..read_action(path, ReadImplSource::OhAci)
        };
        match self.execute(Action::Read(action)).await {
            Observation::Read(observation) => {
                assert_eq!(
                    (observation.path.as_str(), observation.impl_source),
                    (path, ReadImplSource::OhAci)
                );
                observation.content
            }
            other => panic!("not a read observation: {other:?}"),
        }
    }
}

fn assert_error(content: &str, part: &str) {
    assert!(content.starts_with("ERROR:\n") && content.contains(part), "{content}");
}

#[tokio::test]
async fn a_file_is_created_and_shown() {
    let fixture = Fixture::new();
    let path = fixture.workspace().join("new/dir/a.txt");
    let name = path.to_string_lossy().into_owned();
    let expected = EditObservation {
        content: format!("File created successfully at: {name}"),
        path: name.clone(),
        prev_exist: false,
        old_content: None,
        new_content: None,
        impl_source: EditImplSource::OhAci,
        diff: Some(format!("--- {name}\n+++ {name}\n@@ -0,0 +1,3 @@\n+one\n+two\n+three")),
        diff_cache: None,
    };
    assert_eq!(fixture.create(&path, "one\ntwo\nthree\n").await, expected);
    assert_eq!(std::fs::read(&path).unwrap(), b"one\ntwo\nthree\n");
    let view = format!(
        "Here's the result of running `cat -n` on {name}:\n     1\tone\n     2\ttwo\n     3\tthree\n     4\t\n"
    );
    assert_eq!(fixture.view(&name, None).await, view);
}

#[tokio::test]
async fn edits_show_a_snippet_and_a_true_diff() {
    let fixture = Fixture::new();
    let path = fixture.workspace().join("a.txt");
    let name = path.to_string_lossy().into_owned();
    fixture.create(&path, "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n").await;
    let observation = fixture.replace(&path, "6\n", "six\nand a half\n").await;
    assert_eq!(
        observation.diff.as_deref(),
        Some(format!("--- {name}\n+++ {name}\n@@ -6 +6,2 @@\n-6\n+six\n+and a half").as_str())
    );
    assert_eq!((observation.old_content.as_deref(), observation.prev_exist), (Some("6\n"), true));
    let snippet =
        format!("Here's the result of running `cat -n` on a snippet of {name}:\n     2\t2\n");
    assert!(observation.content.contains(&snippet), "{}", observation.content);
    assert!(observation.content.contains("     6\tsix\n     7\tand a half\n     8\t7\n"));
    fixture.insert(&path, 0, "top").await;
    fixture.insert(&path, 12, "bottom").await;
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text, "top\n1\n2\n3\n4\n5\nsix\nand a half\n7\n8\n9\n10\nbottom\n");
}

#[tokio::test]
async fn refusals_name_what_is_wrong() {
    let fixture = Fixture::new();
    let workspace = fixture.workspace();
    let path = workspace.join("a.txt");
    std::fs::write(&path, "x\ny\nx\n").unwrap();
    let name = path.to_string_lossy().into_owned();

    let relative = fixture.create(Path::new("b.txt"), "x").await;
    assert_error(&relative.content, "absolute");
    assert_error(
        &fixture.replace(Path::new("a.txt"), "x", "y").await.content,
        &format!("Maybe you meant {name}?"),
    );
    let exists = fixture.create(&path, "x").await;
    assert_error(&exists.content, "exists already");
    assert_eq!((exists.diff.as_deref(), exists.prev_exist), (Some(""), true));
    assert_error(&fixture.create(&workspace, "x").await.content, "exists already");
    assert_error(&fixture.replace(&workspace.join("no"), "x", "y").await.content, "does not exist");
    assert_error(
        &fixture.view(&workspace.join("no").to_string_lossy(), None).await,
        "does not exist",
    );
    assert_error(&fixture.undo(&workspace.join("no")).await.content, "does not exist");
    assert_error(&fixture.insert(&workspace, 0, "x").await.content, "directory");
    let document = workspace.join("a.PDF");
    std::fs::write(&document, "x").unwrap();
    assert_error(&fixture.replace(&document, "x", "y").await.content, "type");
    let large = workspace.join("large");
    std::fs::write(&large, vec![b'x'; 11 * 1024 * 1024]).unwrap();
    assert_error(&fixture.view(&large.to_string_lossy(), None).await, "11.0 MB");
    let binary = workspace.join("binary");
    std::fs::write(&binary, b"\x7fELF\0\x01").unwrap();
    assert_error(&fixture.replace(&binary, "E", "y").await.content, "binary");

    assert_error(
        &fixture.edit(edit_action(&workspace.join("n"), "create")).await.content,
        "`file_text`",
    );
    assert_error(&fixture.edit(edit_action(&path, "str_replace")).await.content, "`old_str`");
    assert_error(&fixture.replace(&path, "y", "y").await.content, "`new_str`");
    assert_error(&fixture.replace(&path, "absent", "y").await.content, "`absent` does not occur");
    assert_error(&fixture.replace(&path, "x", "z").await.content, "lines [1, 3]");
    assert_error(&fixture.replace(&path, "", "z").await.content, "more than once");
    assert_error(&fixture.edit(edit_action(&path, "insert")).await.content, "`insert_line`");
    let no_text = EditAction { insert_line: Some(1), ..edit_action(&path, "insert") };
    assert_error(&fixture.edit(no_text).await.content, "`new_str`");
    for line in [-1, 4] {
        assert_error(&fixture.insert(&path, line, "z").await.content, "from 0 to 3");
    }
    assert_error(&fixture.undo(&path).await.content, "no edit of");
    assert_error(
        &fixture.edit(edit_action(&path, "destroy")).await.content,
        "view, create, str_replace, insert, undo_edit",
    );
    assert_error(&fixture.view("a.txt", None).await, "absolute");
    for range in [&[0, 1][..], &[4, 4], &[3, 2], &[1], &[1, 2, 3]] {
        assert_error(&fixture.view(&name, Some(range)).await, "`view_range`");
    }
    assert_error(&fixture.view(&workspace.to_string_lossy(), Some(&[1, 2])).await, "not allowed");
    assert_eq!(std::fs::read(&path).unwrap(), b"x\ny\nx\n");

    let draft = EditAction { impl_source: EditImplSource::LlmBasedEdit, ..edit_action(&path, "") };
    let refused = fixture.execute(Action::Edit(draft)).await;
    let Observation::Error(error) = refused else { panic!("not refused: {refused:?}") };
    assert!(error.content.contains("Use `str_replace_editor`"), "{}", error.content);
    assert_eq!(std::fs::read(&path).unwrap(), b"x\ny\nx\n");
}

#[tokio::test]
async fn ranges_and_long_files_are_viewed_in_part() {
    let fixture = Fixture::new();
    let path = fixture.workspace().join("a.txt");
    let name = path.to_string_lossy().into_owned();
    std::fs::write(&path, "1\r\n2\r\n3\r\n").unwrap();
    let heading = format!("Here's the result of running `cat -n` on {name}:\n");
    assert_eq!(
        fixture.view(&name, Some(&[2, 3])).await,
        format!("{heading}     2\t2\n     3\t3\n")
    );
    assert_eq!(fixture.view(&name, Some(&[3, -1])).await, format!("{heading}     3\t3\n"));
    assert_eq!(
        fixture.view(&name, Some(&[3, 9])).await,
        format!("NOTE: The file has 3 lines; 9 is taken as its end.\n{heading}     3\t3\n")
    );
    std::fs::write(&path, "ü".repeat(16_001)).unwrap();
    let view = fixture.view(&name, None).await;
    assert!(
        view.starts_with(&format!("{heading}     1\t{}<response clipped>", "ü".repeat(16_000)))
    );
    std::fs::write(&path, "ü".repeat(16_000)).unwrap();
    assert!(!fixture.view(&name, None).await.contains("clipped"));
}

#[tokio::test]
async fn a_directory_is_listed_two_levels_deep() {
    let fixture = Fixture::new();
    let root = fixture.workspace();
    std::fs::create_dir_all(root.join("b/c/d")).unwrap();
    for file in ["a.txt", ".hidden", ".other", "b/x", "b/.secret", "b/c/deep"] {
        std::fs::write(root.join(file), "").unwrap();
    }
    symlink(root.join("b"), root.join("link")).unwrap();
    let r = root.to_string_lossy().into_owned();
    let expected = format!(
        "Here are the files and directories in {r}, up to 2 levels deep, without hidden ones:\n\
         {r}/\n{r}/a.txt\n{r}/b/\n{r}/b/c/\n{r}/b/x\n{r}/link/\n{r}/link/c/\n{r}/link/x\n\n\
         2 hidden items in this directory are not listed. See `ls -la {r}`.\n"
    );
    assert_eq!(fixture.view(&r, None).await, expected);
}

#[tokio::test]
async fn bytes_outside_of_an_edit_stay() {
    let fixture = Fixture::new();
    let path = fixture.workspace().join("a.txt");
    let check = |expected: &[u8]| assert_eq!(std::fs::read(&path).unwrap(), expected);
    let write = |bytes: &[u8]| std::fs::write(&path, bytes).unwrap();

    write(b"a\r\nb\r\nmixed\nc");
    fixture.replace(&path, "a\nb", "x\ny\nz").await;
    check(b"x\r\ny\r\nz\r\nmixed\nc");
    fixture.insert(&path, 5, "end").await;
    check(b"x\r\ny\r\nz\r\nmixed\nc\r\nend");
    fixture.insert(&path, 1, "in\n").await;
    check(b"x\r\nin\r\ny\r\nz\r\nmixed\nc\r\nend");

    write(b"\xEF\xBB\xBFa\nb");
    fixture.replace(&path, "a", "ü").await;
    check("\u{feff}ü\nb".as_bytes());
    write(b"gr\xFCn\nrot\n");
    fixture.replace(&path, "rot", "wei\u{df}").await;
    check(b"gr\xFCn\nwei\xDF\n");
    assert_error(&fixture.replace(&path, "grün", "→").await.content, "no character `→`");
    check(b"gr\xFCn\nwei\xDF\n");
    write(b"  indented\n");
    fixture.replace(&path, "\nindented\n\n", " kept ").await;
    check(b"   kept \n");
}

#[tokio::test]
async fn mode_and_links_stay() {
    let fixture = Fixture::new();
    let script = fixture.workspace().join("run.sh");
    let link = fixture.workspace().join("link");
    let second = fixture.workspace().join("second");
    std::fs::write(&script, "echo a\n").unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    symlink("run.sh", &link).unwrap();
    fixture.replace(&link, "a", "b").await;
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert_eq!(std::fs::read(&script).unwrap(), b"echo b\n");
    assert_eq!(script.metadata().unwrap().permissions().mode() & 0o777, 0o755);
    std::fs::hard_link(&script, &second).unwrap();
    fixture.insert(&script, 1, "echo c").await;
    assert_eq!(std::fs::read(&second).unwrap(), b"echo b\necho c\n");
    let names: Vec<_> = std::fs::read_dir(fixture.workspace()).unwrap().flatten().collect();
    assert_eq!(names.len(), 3, "no temporary file is left: {names:?}");
}

#[tokio::test]
async fn ten_edits_can_be_undone_also_after_a_restart() {
    let fixture = Fixture::new();
    let path = fixture.workspace().join("a.txt");
    std::fs::write(&path, "0\n").unwrap();
    for number in 0..12 {
        fixture.replace(&path, &number.to_string(), &(number + 1).to_string()).await;
    }
    for number in (7..12).rev() {
        let observation = fixture.undo(&path).await;
        assert!(observation.content.contains("was undone"), "{}", observation.content);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{number}\n"));
    }
    let reopened = LocalRuntime::new(config(&fixture.directory)).unwrap();
    for number in (2..7).rev() {
        let request = oh_runtime::ActionRequest::new(Action::Edit(edit_action(&path, "undo_edit")));
        let observation = edit_observation(reopened.execute(request).await);
        assert!(observation.diff.unwrap().ends_with(&format!("-{}\n+{number}", number + 1)));
    }
    assert_error(&fixture.undo(&path).await.content, "no edit of");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "2\n");
}

#[tokio::test]
async fn undoing_a_creation_deletes_the_file() {
    let fixture = Fixture::new();
    let path = fixture.workspace().join("a.txt");
    fixture.create(&path, "x\n").await;
    fixture.replace(&path, "x", "y").await;
    fixture.undo(&path).await;
    assert_eq!(std::fs::read(&path).unwrap(), b"x\n");
    let observation = fixture.undo(&path).await;
    assert!(observation.diff.unwrap().ends_with("@@ -1 +0,0 @@\n-x"));
    assert!(!path.exists());
}

#[tokio::test]
async fn a_change_by_others_is_mentioned() {
    let fixture = Fixture::new();
    let path = fixture.workspace().join("a.txt");
    fixture.create(&path, "x\n").await;
    std::fs::write(&path, "x\nmore\n").unwrap();
    let observation = fixture.replace(&path, "x", "y").await;
    assert!(observation.content.contains("was changed by something else"));
    assert_eq!(std::fs::read(&path).unwrap(), b"y\nmore\n");
    assert!(!fixture.replace(&path, "y", "z").await.content.contains("something else"));
}

#[tokio::test]
async fn workspace_paths_lead_to_the_workspace() {
    if Path::new("/workspace").exists() {
        return;
    }
    let fixture = Fixture::new();
    let observation = fixture.create(Path::new("/workspace/basic/a.txt"), "one\n").await;
    assert_eq!(observation.content, "File created successfully at: /workspace/basic/a.txt");
    assert_eq!(std::fs::read(fixture.workspace().join("basic/a.txt")).unwrap(), b"one\n");
    assert!(fixture.view("/workspace/basic/a.txt", None).await.contains("1\tone"));
}

#[tokio::test]
async fn files_are_read_and_written_plainly() {
    let fixture = Fixture::new();
    let workspace = fixture.workspace();
    fixture.run("mkdir -p sub && cd sub").await;
    let write = |path: &str, content: &str, start: i64, end: i64| WriteAction {
        path: path.into(),
        content: content.into(),
        start,
        end,
        thought: String::new(),
        confirmation_state: oh_event::ConfirmationState::Confirmed,
        security_risk: SecurityRisk::Unknown,
    };
    let written = fixture.execute(Action::Write(write("x/a.txt", "1\n2\n3", 0, -1))).await;
    assert_eq!(written.name(), "write");
    let path = workspace.join("sub/x/a.txt");
    assert_eq!(std::fs::read(&path).unwrap(), b"1\n2\n3\n");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o664);
    fixture.execute(Action::Write(write("x/a.txt", "two", 1, 2))).await;
    assert_eq!(std::fs::read(&path).unwrap(), b"1\ntwo\n3\n");
    let read = |path: &str| Action::Read(read_action(path, ReadImplSource::Default));
    let expected = ReadObservation {
        content: "1\ntwo\n3\n".into(),
        path: path.to_string_lossy().into_owned(),
        impl_source: ReadImplSource::Default,
        image_urls: None,
    };
    assert_eq!(fixture.execute(read("x/a.txt")).await, Observation::Read(expected));
    let part = ReadAction { start: 1, end: 2, ..read_action("x/a.txt", ReadImplSource::Default) };
    assert_eq!(fixture.execute(Action::Read(part)).await.content(), "two\n");

    std::fs::write(workspace.join("p.png"), b"foo").unwrap();
    let picture = fixture.execute(read(&workspace.join("p.png").to_string_lossy())).await;
    assert_eq!(picture.content(), "data:image/png;base64,Zm9v");
    std::fs::write(workspace.join("b.bin"), b"\0\x01").unwrap();
    let binary = fixture.execute(read(&workspace.join("b.bin").to_string_lossy())).await;
    assert_eq!((binary.name(), binary.content()), ("error", "ERROR_BINARY_FILE"));
    for bad in ["absent", "."] {
        assert_eq!(fixture.execute(read(bad)).await.name(), "error");
    }
    assert_eq!(fixture.execute(Action::Write(write(".", "x", 0, -1))).await.name(), "error");
}

#[tokio::test]
async fn a_picture_is_shown_to_the_model() {
    let fixture = Fixture::new();
    let view = async |name: &str, bytes: &[u8]| {
        let path = fixture.workspace().join(name);
        std::fs::write(&path, bytes).unwrap();
        let path = path.to_string_lossy().into_owned();
        match fixture.execute(Action::Read(read_action(&path, ReadImplSource::OhAci))).await {
            Observation::Read(read) => (read.content, read.image_urls),
            other => panic!("not a read observation: {other:?}"),
        }
    };
    let path = fixture.workspace().join("a.PNG").to_string_lossy().into_owned();
    let (content, image_urls) = view("a.PNG", b"\x89PNG\r\n\x1a\n").await;
    assert_eq!(content, format!("{path} is a picture (image/png, 8 bytes); it is shown below."));
    assert_eq!(image_urls, Some(vec!["data:image/png;base64,iVBORw0KGgo=".to_owned()]));
    for (name, bytes, mime) in [
        ("a.jpg", &b"\xFF\xD8\xFF\xE0"[..], "image/jpeg"),
        ("a.jpeg", b"\xFF\xD8\xFF\xE0", "image/jpeg"),
        ("a.gif", b"GIF89a", "image/gif"),
        ("a.webp", b"RIFF\x01\x02\x03\x04WEBP", "image/webp"),
        ("a.bmp", b"BM\0\0", "image/bmp"),
        // The content counts, not the name.
        ("b.png", b"\xFF\xD8\xFF\xE0", "image/jpeg"),
    ] {
        let (_, image_urls) = view(name, bytes).await;
        let start = format!("data:{mime};base64,");
        assert!(image_urls.is_some_and(|urls| urls[0].starts_with(&start)), "{name}");
    }
    let (content, image_urls) = view("text.png", b"only text").await;
    assert!(content.contains("1\tonly text") && image_urls.is_none(), "{content}");
    let (content, image_urls) = view("junk.png", b"\0\x01").await;
    assert_error(&content, "binary");
    assert_eq!(image_urls, None);
    let (content, _) = view("large.png", &vec![0; 6 * 1024 * 1024]).await;
    assert_error(&content, "more than 5 MB");
}

#[tokio::test]
async fn a_deletion_by_undo_can_be_undone() {
    let fixture = Fixture::new();
    let path = fixture.workspace().join("a.txt");
    fixture.create(&path, "x\n").await;
    std::fs::write(&path, "x and work by others\n").unwrap();
    let observation = fixture.undo(&path).await;
    assert!(observation.content.contains("undo_edit brings it back"), "{}", observation.content);
    assert!(!path.exists());
    let observation = fixture.undo(&path).await;
    assert_eq!(std::fs::read(&path).unwrap(), b"x and work by others\n");
    assert!(observation.diff.unwrap().ends_with("@@ -0,0 +1 @@\n+x and work by others"));
    assert_error(&fixture.undo(&path).await.content, "no edit of");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn edits_of_one_file_at_once_are_made_one_by_one() {
    let fixture = Fixture::new();
    let path = fixture.workspace().join("a.txt");
    let link = fixture.workspace().join("link.txt");
    std::fs::write(&path, "").unwrap();
    symlink("a.txt", &link).unwrap();
    let insert_many = async |path: &Path, name: &str| {
        for number in 0..25 {
            let observation = fixture.insert(path, 0, &format!("{name}{number}")).await;
            assert!(observation.content.contains("has been edited"), "{}", observation.content);
        }
    };
    let write = |start: i64| WriteAction {
        path: path.to_string_lossy().into_owned(),
        content: "written".into(),
        start,
        end: start,
        thought: String::new(),
        confirmation_state: oh_event::ConfirmationState::Confirmed,
        security_risk: SecurityRisk::Unknown,
    };
    let write_many = async {
        for _ in 0..25 {
            // An empty range at the end of the file appends.
            let observation = fixture.execute(Action::Write(write(10_000))).await;
            assert_eq!(observation.name(), "write");
        }
    };
    tokio::join!(insert_many(&path, "a"), insert_many(&link, "b"), write_many);
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 75, "{text}");
}

#[tokio::test]
async fn the_owner_of_a_file_stays() {
    use std::os::unix::fs::chown;

    let fixture = Fixture::new();
    let path = fixture.workspace().join("a.txt");
    std::fs::write(&path, "a\n").unwrap();
    let owner =
        if rustix::process::getuid().is_root() { (12_345, 23_456) } else { owner_of(&path) };
    chown(&path, Some(owner.0), Some(owner.1)).unwrap();
    fixture.replace(&path, "a", "b").await;
    assert_eq!(owner_of(&path), owner);
    fixture.insert(&path, 1, "c").await;
    fixture.undo(&path).await;
    assert_eq!(owner_of(&path), owner);
    assert_eq!(path.metadata().unwrap().len(), 2);
}

fn owner_of(path: &Path) -> (u32, u32) {
    use std::os::unix::fs::MetadataExt;

    let metadata = path.metadata().unwrap();
    (metadata.uid(), metadata.gid())
}

#[tokio::test]
async fn line_ends_marks_and_encodings_stay_through_every_command() {
    let fixture = Fixture::new();
    let path = fixture.workspace().join("a.txt");
    let utf16: Vec<u8> = "\u{feff}a\r\nb\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let changed: Vec<u8> =
        "\u{feff}a\r\nnew\r\nB\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (before, after) in [
        (b"a\r\nb\r\n".to_vec(), b"a\r\nnew\r\nB\r\n".to_vec()),
        (b"\xEF\xBB\xBFa\nb".to_vec(), b"\xEF\xBB\xBFa\nnew\nB".to_vec()),
        (b"\xE4\na\nb".to_vec(), b"\xE4\nnew\na\nB".to_vec()),
        (utf16, changed),
    ] {
        std::fs::write(&path, &before).unwrap();
        fixture.insert(&path, 1, "new\n").await;
        fixture.replace(&path, "b", "B").await;
        assert_eq!(std::fs::read(&path).unwrap(), after);
        fixture.undo(&path).await;
        fixture.undo(&path).await;
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }
}

#[tokio::test]
async fn documents_are_not_edited_as_text() {
    let fixture = Fixture::new();
    for kind in ["docx", "xlsx", "pptx", "pdf", "mp3", "wav", "m4a", "flac"] {
        let path = fixture.workspace().join(format!("a.{kind}"));
        assert_error(&fixture.create(&path, "x").await.content, "type");
        std::fs::write(&path, "x\n").unwrap();
        assert_error(&fixture.replace(&path, "x", "y").await.content, "type");
        assert_error(&fixture.insert(&path, 0, "y").await.content, "type");
        assert_error(&fixture.undo(&path).await.content, "type");
        assert_eq!(std::fs::read(&path).unwrap(), b"x\n");
    }
}
