use std::fs::{File, Metadata};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use cap_std::fs::{Dir, DirEntry, OpenOptions, OpenOptionsExt, PermissionsExt as _};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use ignore::gitignore::Gitignore;
use rawzip::path::EntryPath;
use rawzip::time::UtcDateTime;
use rawzip::{CompressionMethod, ZipArchiveWriter};
use rustix::fs::OFlags;

use super::place::{flag_bits, is_special, open_regular, or_dot};
use super::{Workspace, gitignore};

/// Most entries of one archive; its table of contents is held in memory.
const MAX_ENTRIES: usize = 1_000_000;
/// Most lines that say what is missing.
const MAX_NOTES: usize = 1_000;
/// The file in the archive that says what is missing.
const NOTES: &str = "openhands-not-in-archive.txt";

const DIRECTORY: u32 = 0o040_000;
const REGULAR: u32 = 0o100_000;
const LINK: u32 = 0o120_000;

/// What an archive does with files that git would ignore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IgnoredFiles {
    /// They are in it.
    Include,
    /// They are left out.
    LeaveOut,
}

/// A directory whose entries are still to be written.
struct Pending {
    path: PathBuf,
    /// The rules of the directories above, each with the length of the path it starts from.
    rules: Vec<(usize, std::sync::Arc<Gitignore>)>,
}

impl Workspace {
    /// Writes everything in the workspace as a zip archive, without holding it in memory.
    ///
    /// Modes, times, empty directories and symbolic links are kept. Sockets, named pipes and
    /// devices are left out. What cannot be read is named in a file in the archive. A file that
    /// changes meanwhile is in it as it was read, and nobody is held up.
    ///
    /// # Errors
    /// Fails if `output` does, or if the workspace itself cannot be read.
    pub fn write_archive(&self, output: impl Write, ignored: IgnoredFiles) -> io::Result<()> {
        let mut writer =
            Writer { zip: ZipArchiveWriter::new(output), entries: 0, notes: Vec::new() };
        let mut pending = vec![Pending { path: PathBuf::new(), rules: Vec::new() }];
        while let Some(mut directory) = pending.pop() {
            let dir = match open_directory(self.dir(), &directory.path) {
                Ok(dir) => dir,
                Err(error) if directory.path.as_os_str().is_empty() => return Err(error),
                Err(error) => {
                    writer.note(&directory.path, &error.to_string());
                    continue;
                }
            };
            if ignored == IgnoredFiles::LeaveOut {
                let start = directory.path.components().count();
                directory.rules.push((start, gitignore::read(&dir).into()));
            }
            writer.write_entries(&dir, &directory, &mut pending)?;
        }
        writer.finish(self.dir())
    }
}

fn open_directory(root: &Dir, path: &Path) -> io::Result<Dir> {
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(flag_bits(OFlags::DIRECTORY | OFlags::NOFOLLOW));
    Ok(Dir::from_std_file(root.open_with(or_dot(path), &options)?.into_std()))
}

impl Pending {
    fn ignores(&self, path: &Path, is_dir: bool) -> bool {
        // The rules of the nearest directory come last and win.
        for (start, rules) in self.rules.iter().rev() {
            let inner: PathBuf = path.components().skip(*start).collect();
            let found = rules.matched(&inner, is_dir);
            if !found.is_none() {
                return found.is_ignore();
            }
        }
        false
    }
}

struct Writer<W: Write> {
    zip: ZipArchiveWriter<W>,
    entries: usize,
    notes: Vec<u8>,
}

impl<W: Write> Writer<W> {
    fn write_entries(
        &mut self,
        dir: &Dir,
        place: &Pending,
        pending: &mut Vec<Pending>,
    ) -> io::Result<()> {
        let entries = match dir.entries() {
            Ok(entries) => entries,
            Err(error) => {
                self.note(&place.path, &error.to_string());
                return Ok(());
            }
        };
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.note(&place.path, &error.to_string());
                    break;
                }
            };
            let path = place.path.join(entry.file_name());
            let Ok(file_type) = entry.file_type() else { continue };
            if is_special(file_type) || place.ignores(&path, file_type.is_dir()) {
                continue;
            }
            if self.entries == MAX_ENTRIES {
                self.note(&path, &format!("more than {MAX_ENTRIES} entries"));
                continue;
            }
            self.entries += 1;
            if file_type.is_dir() {
                self.write_directory(&entry, &path)?;
                pending.push(Pending { path, rules: place.rules.clone() });
            } else if file_type.is_symlink() {
                self.write_link(dir, &entry, &path)?;
            } else {
                self.write_file(dir, &entry, &path)?;
            }
        }
        Ok(())
    }

    fn write_directory(&mut self, entry: &DirEntry, path: &Path) -> io::Result<()> {
        let metadata = entry.metadata().ok();
        let mode = metadata.as_ref().map_or(0o755, |metadata| metadata.permissions().mode());
        let mut name = path.as_os_str().as_bytes().to_vec();
        name.push(b'/');
        let builder = self.zip.new_dir(entry_path(&name));
        let builder = builder.last_modified(listed_time(metadata.as_ref()));
        builder.unix_permissions(DIRECTORY | mode & 0o7777).create().map_err(io_error)?;
        Ok(())
    }

    fn write_link(&mut self, dir: &Dir, entry: &DirEntry, path: &Path) -> io::Result<()> {
        match dir.read_link_contents(entry.file_name()) {
            Ok(target) => {
                let time = listed_time(entry.metadata().ok().as_ref());
                self.write(path, LINK | 0o777, time, target.as_os_str().as_bytes())
            }
            Err(error) => {
                self.note(path, &error.to_string());
                Ok(())
            }
        }
    }

    fn write_file(&mut self, dir: &Dir, entry: &DirEntry, path: &Path) -> io::Result<()> {
        match open_regular(dir, Path::new(&entry.file_name()), OFlags::NOFOLLOW) {
            Ok(Ok((file, metadata))) => self.write_contents(file, &metadata, path),
            // It became something else since it was listed.
            Ok(Err(_)) => Ok(()),
            Err(error) => {
                self.note(path, &error.to_string());
                Ok(())
            }
        }
    }

    fn write_contents(&mut self, file: File, metadata: &Metadata, path: &Path) -> io::Result<()> {
        let mode = metadata.permissions().mode() & 0o7777;
        // A file that is being written to ends where it ended when it was opened.
        let mut source = Source { file: file.take(metadata.len()), failure: None };
        self.write(path, REGULAR | mode, time_of(metadata.modified().ok()), &mut source)?;
        if let Some(error) = source.failure {
            self.note(path, &format!("only its beginning could be read: {error}"));
        }
        Ok(())
    }

    fn write(
        &mut self,
        path: &Path,
        mode: u32,
        time: UtcDateTime,
        mut contents: impl Read,
    ) -> io::Result<()> {
        let name = path.as_os_str().as_bytes();
        let builder = self
            .zip
            .new_file(entry_path(name))
            .compression_method(CompressionMethod::DEFLATE)
            .unix_permissions(mode)
            .last_modified(time);
        let (mut entry, config) = builder.start().map_err(io_error)?;
        let mut data = config.wrap(DeflateEncoder::new(&mut entry, Compression::fast()));
        io::copy(&mut contents, &mut data)?;
        let (encoder, descriptor) = data.finish().map_err(io_error)?;
        encoder.finish()?;
        entry.finish(descriptor).map_err(io_error)?;
        Ok(())
    }

    fn note(&mut self, path: &Path, reason: &str) {
        let lines = self.notes.iter().filter(|byte| **byte == b'\n').count();
        if lines < MAX_NOTES {
            self.notes.extend_from_slice(path.as_os_str().as_bytes());
            self.notes.extend_from_slice(format!(": {reason}\n").as_bytes());
        }
    }

    fn finish(mut self, root: &Dir) -> io::Result<()> {
        if !self.notes.is_empty() && root.symlink_metadata(NOTES).is_err() {
            let notes = std::mem::take(&mut self.notes);
            self.write(
                Path::new(NOTES),
                REGULAR | 0o644,
                time_of(Some(SystemTime::now())),
                notes.as_slice(),
            )?;
        }
        self.zip.finish().map_err(io_error)?;
        Ok(())
    }
}

/// Ends where the file cannot be read on, and remembers why.
struct Source {
    file: io::Take<File>,
    failure: Option<io::Error>,
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.file.read(buffer) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                self.failure = Some(error);
                Ok(0)
            }
            result => result,
        }
    }
}

/// A name as it is: marked as UTF-8 if it is that, else byte for byte.
fn entry_path(name: &[u8]) -> EntryPath<'_> {
    // The writer would take these characters for a directory and a drive.
    let is_plain = !name.iter().any(|byte| matches!(byte, b'\\' | b':'));
    match std::str::from_utf8(name) {
        Ok(text) if is_plain => EntryPath::conformant(text),
        Ok(_) | Err(_) => EntryPath::verbatim(name),
    }
}

/// The time an archive tells: it knows those from 1980 to 2107, and its readers stumble over none.
fn time_of(time: Option<SystemTime>) -> UtcDateTime {
    const FIRST: u64 = 315_532_800;
    const LAST: u64 = 4_354_819_198;
    let since = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let seconds = since.map_or(0, |since| since.as_secs()).clamp(FIRST, LAST);
    UtcDateTime::from_unix(seconds.cast_signed())
}

fn listed_time(metadata: Option<&cap_std::fs::Metadata>) -> UtcDateTime {
    let time = metadata.and_then(|metadata| metadata.modified().ok());
    time_of(time.map(cap_std::time::SystemTime::into_std))
}

pub(crate) fn io_error(error: rawzip::Error) -> io::Error {
    io::Error::other(error)
}
