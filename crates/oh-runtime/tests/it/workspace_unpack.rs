//! Archives that are unpacked, and those that must not be.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use oh_runtime::{UnpackLimits, UploadRules, WorkspaceError};
use rawzip::path::EntryPath;
use rawzip::{CompressionMethod, ZipArchiveWriter};

use crate::workspace::Place;

const FILE: u32 = 0o100_644;
const LINK: u32 = 0o120_777;

/// Makes an archive of entries with exactly these names, which may be bad ones.
pub(crate) struct Zip(ZipArchiveWriter<Vec<u8>>);

impl Zip {
    pub(crate) fn new() -> Self {
        Self(ZipArchiveWriter::new(Vec::new()))
    }

    pub(crate) fn entry(mut self, name: &[u8], mode: u32, contents: &[u8]) -> Self {
        let builder = self.0.new_file(EntryPath::verbatim(name)).unix_permissions(mode);
        let builder = builder.compression_method(CompressionMethod::DEFLATE);
        let (mut entry, config) = builder.start().unwrap();
        let mut data = config.wrap(DeflateEncoder::new(&mut entry, Compression::fast()));
        data.write_all(contents).unwrap();
        let (encoder, descriptor) = data.finish().unwrap();
        encoder.finish().unwrap();
        entry.finish(descriptor).unwrap();
        self
    }

    pub(crate) fn directory(mut self, name: &str) -> Self {
        self.0.new_dir(name).unix_permissions(0o755).create().unwrap();
        self
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0.finish().unwrap()
    }
}

fn unpack(place: &Place, archive: &[u8]) -> Result<Vec<PathBuf>, WorkspaceError> {
    let mut upload =
        place.workspace.start_upload("", "archive.zip", UploadRules::default()).unwrap();
    upload.write(archive).unwrap();
    upload.unpack(UnpackLimits::default())
}

/// Fails unless an archive is refused for a reason and leaves no trace.
fn check_refused(archive: &[u8], reason: &str) {
    let place = Place::new();
    place.write("kept", "kept");
    let error = unpack(&place, archive).unwrap_err().to_string();
    assert!(error.contains(reason), "{error}");
    let names: Vec<_> = fs::read_dir(place.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names, ["kept"], "{reason}");
    place.check_outside();
}

#[test]
fn a_good_archive_is_unpacked_with_modes_links_and_empty_directories() {
    let place = Place::new();
    place.write("src/main.rs", "old");
    place.write("src/other.rs", "stays");
    let archive = Zip::new()
        .entry(b"src/main.rs", FILE, b"new\r\n\0\xff")
        .entry(b"./run.sh", 0o104_755, b"#!/bin/sh\n")
        .directory("empty/")
        .entry(b"deep/er/link", LINK, b"../../src/main.rs")
        .entry(b"caf\xe9", FILE, b"")
        .finish();
    let mut made = unpack(&place, &archive).unwrap();
    made.sort();
    let last =
        made.iter().map(|path| path.file_name().unwrap().to_string_lossy()).collect::<Vec<_>>();
    assert_eq!(last, ["caf\u{fffd}", "deep", "empty", "run.sh", "src"]);
    assert_eq!(fs::read(place.path("deep/er/link")).unwrap(), b"new\r\n\0\xff");
    assert_eq!(fs::read_to_string(place.path("src/other.rs")).unwrap(), "stays");
    assert!(fs::metadata(place.path("empty")).unwrap().is_dir());
    // The set-id bit is gone.
    let mode = fs::metadata(place.path("run.sh")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o755);
    assert_eq!(fs::read_dir(place.path("")).unwrap().count(), 5);
}

#[test]
fn names_that_lead_out_are_refused() {
    let check = |name: &[u8], reason: &str| {
        let archive = Zip::new().entry(b"good", FILE, b"good").entry(name, FILE, b"evil");
        check_refused(&archive.finish(), reason);
    };
    check(b"../outside/secret", "would leave the directory");
    check(b"a/../../outside/secret", "would leave the directory");
    check(b"a/b/..", "would leave the directory");
    check(b"/tmp/evil", "has an absolute name");
    check(b"//tmp/evil", "has an absolute name");
    check(b"evil\0", "has a NUL");
    check(b"./", "has no name");
    check(&[b'x'; 300], "has a name that is too long");
    check(&b"x/".repeat(3000), "name that is too long");
    check(b"good", "is there twice");
    check(b"good/below", "lies below an entry that is no directory");
}

#[test]
fn links_that_lead_out_are_refused() {
    let check = |name: &[u8], target: &[u8], reason: &str| {
        check_refused(&Zip::new().entry(name, LINK, target).finish(), reason);
    };
    check(b"link", b"../outside", "leads out of the archive");
    check(b"a/link", b"../../outside", "leads out of the archive");
    check(b"link", b"/etc/passwd", "may lead out of the archive");
    check(b"link", b"a/../../outside", "may lead out of the archive");
    check(b"link", b"", "leads out of the archive");
    check(b"link", &b"x/".repeat(3000), "target that is too long");
    // The classical way: a link, then a file below it.
    let archive = Zip::new().entry(b"out", LINK, b"../outside").entry(b"out/new", FILE, b"evil");
    check_refused(&archive.finish(), "lies below an entry that is no directory");
}

#[test]
fn links_that_are_there_are_not_followed() {
    let place = Place::new();
    place.link("../outside", "out");
    place.link("../outside/secret", "file");
    let error = unpack(&place, &Zip::new().entry(b"out/new", FILE, b"evil").finish()).unwrap_err();
    assert!(error.to_string().contains("would lie below something that is no directory"));
    unpack(&place, &Zip::new().entry(b"file", FILE, b"mine").finish()).unwrap();
    assert_eq!(fs::read_to_string(place.path("file")).unwrap(), "mine");
    place.write("folder/x", "");
    let error = unpack(&place, &Zip::new().entry(b"folder", FILE, b"").finish()).unwrap_err();
    assert!(error.to_string().contains("would replace a directory"));
    place.check_outside();
}

#[test]
fn devices_pipes_and_sockets_are_refused() {
    for mode in [0o020_644, 0o060_644, 0o010_644, 0o140_644] {
        let archive = Zip::new().entry(b"odd", mode, b"").finish();
        check_refused(&archive, "is neither a file, a directory nor a link");
    }
}

#[test]
fn bombs_are_refused() {
    let zeros = vec![0; 20 * 1024 * 1024];
    check_refused(&Zip::new().entry(b"bomb", FILE, &zeros).finish(), "unpacks to more than");

    // One that claims to be small.
    let mut archive = Zip::new().entry(b"bomb", FILE, &zeros).finish();
    let size = u32::try_from(zeros.len()).unwrap().to_le_bytes();
    let claims: Vec<usize> =
        (0..archive.len() - 4).filter(|at| archive[*at..at + 4] == size).collect();
    assert!(!claims.is_empty());
    for at in claims {
        archive[at..at + 4].copy_from_slice(&1000_u32.to_le_bytes());
    }
    check_refused(&archive, "is damaged");

    let place = Place::new();
    let mut upload = place.workspace.start_upload("", "a.zip", UploadRules::default()).unwrap();
    upload.write(&Zip::new().entry(b"a", FILE, b"12345").finish()).unwrap();
    let limits = UnpackLimits { total_bytes: 4, ..UnpackLimits::default() };
    assert!(upload.unpack(limits).is_err());
    place.check_outside();
}

#[test]
fn a_million_entries_are_refused() {
    let mut zip = ZipArchiveWriter::new(Vec::new());
    for number in 0..1_000_000 {
        zip.new_dir(EntryPath::verbatim(format!("{number}/").into_bytes())).create().unwrap();
    }
    let mut archive = zip.finish().unwrap();
    check_refused(&archive, "more than the 100000 entries");
    // The same with a table of contents that claims fewer: they are counted as well.
    let record = archive.windows(4).rposition(|bytes| bytes == b"PK\x06\x06").unwrap();
    for at in [record + 24, record + 32] {
        archive[at..at + 8].copy_from_slice(&5_u64.to_le_bytes());
    }
    check_refused(&archive, "more than the 100000 entries");
}

#[test]
fn what_is_no_readable_archive_is_refused() {
    check_refused(b"", "not a readable zip archive");
    check_refused(b"hello", "not a readable zip archive");
    let good = Zip::new().entry(b"a", FILE, &[7; 5000]).finish();
    check_refused(&good[..good.len() - 30], "not a readable zip archive");
    let mut damaged = good;
    damaged[40] ^= 0xff;
    check_refused(&damaged, "is damaged");
}

#[test]
fn the_rules_hold_inside_archives() {
    let place = Place::new();
    let rules = UploadRules {
        max_bytes: Some(1024 * 1024),
        allowed_extensions: Some(vec![".zip".to_owned(), ".txt".to_owned()]),
    };
    let check = |name: &[u8], size: usize, reason: &str| {
        let mut upload = place.workspace.start_upload("", "a.zip", rules.clone()).unwrap();
        upload.write(&Zip::new().entry(name, FILE, &vec![0; size]).finish()).unwrap();
        let error = upload.unpack(UnpackLimits::default()).unwrap_err().to_string();
        assert!(error.starts_with(reason), "{error}");
    };
    check(b"in/a.exe", 1, "Files with .exe are not allowed");
    check(b"in/a.txt", 1024 * 1024 + 1, "File is larger than the limit of 1 MiB");
    assert_eq!(fs::read_dir(place.path("")).unwrap().count(), 0);
}
