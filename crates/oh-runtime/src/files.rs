//! Plain reading and writing of files.

use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use oh_event::{
    ErrorObservation, Observation, ReadAction, ReadImplSource, ReadObservation, WriteAction,
    WriteObservation,
};

use crate::base64;
use crate::editor::text::{Text, media_type};
use crate::editor::{Editor, disk};
use crate::path::PathMap;

const MAX_READ_BYTES: u64 = 20 * 1024 * 1024;
const NEW_FILE_MODE: u32 = 0o664;
/// What clients look for to tell a binary file.
const BINARY: &str = "ERROR_BINARY_FILE";

/// Reads a file for `action`; relative paths begin at `directory`.
pub(crate) fn read(
    action: &ReadAction,
    editor: &Editor,
    paths: &PathMap,
    directory: &Path,
) -> Observation {
    match action.impl_source {
        ReadImplSource::OhAci => return editor.view(action),
        ReadImplSource::Default => {}
    }
    let (shown, on_disk) = resolve(&action.path, paths, directory);
    match try_read(action, &shown, &on_disk, directory) {
        Ok(content) => {
            let path = shown.to_string_lossy().into_owned();
            Observation::Read(ReadObservation {
                content,
                path,
                impl_source: ReadImplSource::Default,
                image_urls: None,
            })
        }
        Err(content) => error(content),
    }
}

/// Writes a file for `action`; relative paths begin at `directory`.
pub(crate) fn write(
    action: &WriteAction,
    editor: &Editor,
    paths: &PathMap,
    directory: &Path,
) -> Observation {
    let (shown, on_disk) = resolve(&action.path, paths, directory);
    let lock = editor.lock_of(&on_disk);
    let _alone = lock.lock().unwrap_or_else(PoisonError::into_inner);
    match try_write(action, &shown, &on_disk) {
        Ok(()) => {
            let path = shown.to_string_lossy().into_owned();
            Observation::Write(WriteObservation { content: String::new(), path })
        }
        Err(content) => error(content),
    }
}

/// Returns the path as it is to be shown, and the file it means.
fn resolve(path: &str, paths: &PathMap, directory: &Path) -> (PathBuf, PathBuf) {
    let shown = directory.join(path);
    let on_disk = paths.on_disk(&shown);
    (shown, on_disk)
}

fn try_read(
    action: &ReadAction,
    shown: &Path,
    on_disk: &Path,
    directory: &Path,
) -> Result<String, String> {
    let shown = shown.display();
    let Ok(metadata) = on_disk.metadata() else {
        return Err(format!(
            "File not found: {shown}. The working directory is {}.",
            directory.display()
        ));
    };
    if metadata.is_dir() {
        return Err(format!("{shown} is a directory. Only files can be read."));
    }
    let bytes = disk::read_at_most(on_disk, MAX_READ_BYTES)
        .map_err(|error| format!("Failed to read {shown}: {error}"))?
        .ok_or_else(|| format!("{shown} is too large to read: the limit is 20 MiB."))?;
    if let Some(mime) = media_type(on_disk) {
        return Ok(format!("data:{mime};base64,{}", base64::encode(&bytes)));
    }
    let text = Text::decode(&bytes).ok_or(BINARY)?.text;
    if action.start == 0 && action.end == -1 {
        return Ok(text);
    }
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let (start, end) = range(action.start, action.end, lines.len());
    Ok(lines[start..end].concat())
}

fn try_write(action: &WriteAction, shown: &Path, on_disk: &Path) -> Result<(), String> {
    let shown = shown.display();
    let failed = |error: std::io::Error| format!("Failed to write {shown}: {error}");
    if on_disk.is_dir() {
        return Err(format!("{shown} is a directory. Only files can be written."));
    }
    let mut content = action.content.clone();
    if !content.is_empty() && !content.ends_with('\n') {
        content.push('\n');
    }
    let is_part = action.start != 0 || action.end != -1;
    let is_new = !on_disk.exists();
    if is_new || !is_part {
        disk::replace(on_disk, content.as_bytes()).map_err(failed)?;
        return if is_new {
            disk::set_mode(on_disk, NEW_FILE_MODE).map_err(failed)
        } else {
            Ok(())
        };
    }
    let bytes = disk::read_at_most(on_disk, MAX_READ_BYTES)
        .map_err(|error| format!("Failed to read {shown}: {error}"))?
        .ok_or_else(|| format!("{shown} is too large to change in part: the limit is 20 MiB."))?;
    let text = Text::decode(&bytes).ok_or_else(|| format!("{shown} is not a text file."))?;
    let lines: Vec<&str> = text.text.split_inclusive('\n').collect();
    let (start, end) = range(action.start, action.end, lines.len());
    let mut head = lines[..start].concat();
    if !head.is_empty() && !head.ends_with('\n') {
        head.push_str(text.line_end());
    }
    let new = format!("{head}{}{}", text.with_line_ends(&content), lines[end..].concat());
    let bytes = text
        .encode(&new)
        .map_err(|c| format!("The encoding of {shown} has no character `{c}`."))?;
    disk::replace(on_disk, &bytes).map_err(failed)
}

/// Returns a range of lines within `count`, -1 being the end.
fn range(start: i64, end: i64, count: usize) -> (usize, usize) {
    let start = usize::try_from(start).unwrap_or(0).min(count);
    let end = if end == -1 { count } else { usize::try_from(end).unwrap_or(0).min(count) };
    (start, end.max(start))
}

fn error(content: String) -> Observation {
    Observation::Error(ErrorObservation { content, error_id: String::new() })
}
