//! The workspace as an archive.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, UNIX_EPOCH};

use flate2::read::DeflateDecoder;
use oh_runtime::{IgnoredFiles, UnpackLimits, UploadRules};
use rawzip::{RECOMMENDED_BUFFER_SIZE, ZipArchive};

use crate::workspace::Place;

/// The mode and contents of every entry, by name.
fn entries(archive: &[u8]) -> BTreeMap<Vec<u8>, (u32, Vec<u8>)> {
    let archive = ZipArchive::from_slice(archive).unwrap();
    let mut found = BTreeMap::new();
    let mut records = archive.entries();
    while let Some(record) = records.next_entry().unwrap() {
        let entry = archive.get_entry(record.wayfinder()).unwrap();
        let mut contents = Vec::new();
        if !record.is_dir() {
            let reader = DeflateDecoder::new(entry.data());
            entry.verifying_reader(reader).read_to_end(&mut contents).unwrap();
        }
        let name = record.file_path().as_bytes().to_vec();
        assert!(found.insert(name, (record.mode().value(), contents)).is_none());
    }
    found
}

fn archive(place: &Place, ignored: IgnoredFiles) -> Vec<u8> {
    let mut bytes = Vec::new();
    place.workspace.write_archive(&mut bytes, ignored).unwrap();
    bytes
}

#[test]
fn everything_but_sockets_pipes_and_devices_is_in_the_archive() {
    let place = Place::new();
    place.write("run.sh", "#!/bin/sh\n");
    fs::set_permissions(place.path("run.sh"), fs::Permissions::from_mode(0o750)).unwrap();
    place.write("a/new\nline: 日本", b"\0\xff\r\n");
    place.write("a/back\\slash", "");
    place.write("a/colon:日", "");
    place.write(".git/config", "[core]");
    fs::create_dir(place.path("empty")).unwrap();
    fs::write(place.path("").join(OsStr::from_bytes(b"caf\xe9")), "x").unwrap();
    place.link("../outside/secret", "leaves");
    // Times that an archive does not know harm nobody.
    for (name, seconds) in [(".git/config", 0), ("run.sh", 16_000_000_000)] {
        let file = fs::File::options().write(true).open(place.path(name)).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
    }
    let _listener = std::os::unix::net::UnixListener::bind(place.path("socket")).unwrap();
    let pipe = place.path("pipe");
    let mode = rustix::fs::Mode::RUSR;
    rustix::fs::mknodat(rustix::fs::CWD, pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();

    let found = entries(&archive(&place, IgnoredFiles::Include));
    let mut names: Vec<_> = found.keys().map(|name| String::from_utf8_lossy(name)).collect();
    names.sort();
    let expected = [
        ".git/",
        ".git/config",
        "a/",
        "a/back\\slash",
        "a/colon:日",
        "a/new\nline: 日本",
        "caf\u{fffd}",
        "empty/",
        "leaves",
        "run.sh",
    ];
    assert_eq!(names, expected);
    assert_eq!(found[b"run.sh".as_slice()], (0o100_750, b"#!/bin/sh\n".to_vec()));
    assert_eq!(found["a/new\nline: 日本".as_bytes()].1, b"\0\xff\r\n");
    // The link is there as a link, with nothing of where it leads.
    assert_eq!(found[b"leaves".as_slice()], (0o120_777, b"../outside/secret".to_vec()));
}

#[test]
fn ignored_files_are_left_out_if_asked() {
    let place = Place::new();
    place.write(".gitignore", "*.log\n/build/\n");
    place.write("sub/.gitignore", "!keep.log\nsecret\n");
    for name in ["a.log", "build/x", "sub/keep.log", "sub/b.log", "sub/secret", "sub/build/y"] {
        place.write(name, "");
    }
    let names = |ignored| {
        let found = entries(&archive(&place, ignored));
        let files = found.into_keys().filter(|name| !name.ends_with(b"/"));
        files.map(|name| String::from_utf8(name).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(names(IgnoredFiles::Include).len(), 8);
    let expected = [".gitignore", "sub/.gitignore", "sub/build/y", "sub/keep.log"];
    assert_eq!(names(IgnoredFiles::LeaveOut), expected);
}

#[test]
fn what_goes_in_comes_out_again() {
    let place = Place::new();
    let bytes: Vec<u8> =
        (0..3_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    place.write("dir/bytes", &bytes);
    place.write("dir/empty", "");
    place.link("dir/bytes", "link");
    let download = archive(&place, IgnoredFiles::Include);

    let other = Place::new();
    let mut upload = other.workspace.start_upload("", "w.zip", UploadRules::default()).unwrap();
    upload.write(&download).unwrap();
    upload.unpack(UnpackLimits::default()).unwrap();
    assert_eq!(fs::read(other.path("link")).unwrap(), bytes);
    assert_eq!(entries(&archive(&other, IgnoredFiles::Include)), entries(&download));
}

/// Counts what is written and keeps nothing.
struct Counter(u64);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_sparse_gigabyte_goes_through_without_being_held() {
    let place = Place::new();
    let large = fs::File::create(place.path("large")).unwrap();
    large.set_len(1024 * 1024 * 1024).unwrap();
    let mut counter = Counter(0);
    place.workspace.write_archive(&mut counter, IgnoredFiles::Include).unwrap();
    assert!(counter.0 > RECOMMENDED_BUFFER_SIZE as u64, "{}", counter.0);
}

#[test]
fn a_reader_that_leaves_ends_the_work() {
    struct Gone;
    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let place = Place::new();
    place.write("file", "x");
    let error = place.workspace.write_archive(Gone, IgnoredFiles::Include).unwrap_err();
    assert!(error.to_string().contains("pipe"), "{error}");
}
