//! Mounting, in small steps that can say what failed.

use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::mount::{MountFlags, mount};

use super::SetupError;

pub(super) fn read_only() -> MountFlags {
    MountFlags::BIND | MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV
}

pub(super) fn tmpfs(target: &Path, options: &str) -> rustix::io::Result<()> {
    let options = std::ffi::CString::new(options).unwrap_or_default();
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    mount("tmpfs", target, "tmpfs", flags, options.as_c_str())
}

pub(super) fn open(path: &Path) -> Result<OwnedFd, SetupError> {
    rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())
        .map_err(|error| SetupError::new(format!("open {}", path.display()), error.into()))
}

/// A path that names what `fd` is open on, wherever it is mounted.
pub(super) fn link(fd: &OwnedFd) -> String {
    format!("/proc/self/fd/{}", fd.as_raw_fd())
}

pub(super) fn step(
    what: &str,
    work: impl FnOnce() -> rustix::io::Result<()>,
) -> Result<(), SetupError> {
    work().map_err(|error| SetupError::new(what.to_owned(), error.into()))
}

/// Returns the mounts at and below `root` with the flags that must be kept.
pub(super) fn mounts_below(root: &Path) -> Result<Vec<(PathBuf, MountFlags)>, SetupError> {
    let table = fs::read_to_string("/proc/self/mountinfo")
        .map_err(|error| SetupError::new("read the mounts", error))?;
    let mounts = table.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split(' ').collect();
        let point = PathBuf::from(unescape(fields.get(4)?));
        point.starts_with(root).then_some(())?;
        let flags = fields.get(5)?.split(',').fold(MountFlags::empty(), |flags, option| {
            flags
                | match option {
                    "nosuid" => MountFlags::NOSUID,
                    "nodev" => MountFlags::NODEV,
                    "noexec" => MountFlags::NOEXEC,
                    "noatime" => MountFlags::NOATIME,
                    "nodiratime" => MountFlags::NODIRATIME,
                    "relatime" => MountFlags::RELATIME,
                    _ => MountFlags::empty(),
                }
        });
        Some((point, flags))
    });
    Ok(mounts.collect())
}

/// Spaces and the like are octal numbers in the table.
fn unescape(text: &str) -> std::ffi::OsString {
    use std::os::unix::ffi::OsStringExt;

    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let number = after
            .get(..3)
            .filter(|_| first == b'\\')
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        bytes.push(number.unwrap_or(first));
        rest = if number.is_some() { &after[3..] } else { after };
    }
    std::ffi::OsString::from_vec(bytes)
}

#[cfg(test)]
mod tests {
    use super::unescape;

    #[test]
    fn names_of_mounts_are_read_with_their_spaces() {
        let check = |text: &str, expected: &str| assert_eq!(unescape(text), expected, "{text}");
        check("/plain", "/plain");
        check(r"/a\040b", "/a b");
        check(r"/a\134", "/a\\");
        check(r"/a\9", r"/a\9");
    }
}
