//! Our program as an archive, which is how the engine takes files.

use std::io;
use std::path::Path;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use tokio::fs::File;
use tokio::io::AsyncReadExt;
use tokio_util::io::ReaderStream;

const BLOCK: usize = 512;
const CHUNK: usize = 256 * 1024;

/// Returns an archive with the file at `path` as the program `name`.
pub(super) async fn of_program(
    path: &Path,
    name: &str,
) -> io::Result<impl Stream<Item = io::Result<Bytes>> + Send + 'static> {
    let file = File::open(path).await?;
    let size = file.metadata().await?.len();
    let padding = (BLOCK - usize::try_from(size % BLOCK as u64).unwrap_or(0)) % BLOCK;
    let end = vec![0; padding + 2 * BLOCK];
    let body = ReaderStream::with_capacity(file.take(size), CHUNK);
    Ok(stream::iter([Ok(Bytes::from(header(name, size)?))])
        .chain(body)
        .chain(stream::iter([Ok(Bytes::from(end))])))
}

/// Returns the head of an entry, as POSIX.1-1988 has it.
fn header(name: &str, size: u64) -> io::Result<Vec<u8>> {
    let mut block = vec![0; BLOCK];
    let mut set =
        |at: usize, text: &str| block[at..at + text.len()].copy_from_slice(text.as_bytes());
    if name.len() > 100 || size >= 1 << 33 {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "too large for an archive"));
    }
    set(0, name);
    set(100, "0000755");
    set(108, "0000000");
    set(116, "0000000");
    set(124, &format!("{size:011o}"));
    set(136, "00000000000");
    // The checksum counts its own field as blanks.
    set(148, "        ");
    set(156, "0");
    set(257, "ustar\u{0}00");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    Ok(block)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tar_unpacks_the_program_as_it_was() {
        let directory = tempfile::tempdir().unwrap();
        for size in [0_usize, 1, 511, 512, 513, 700_000] {
            let content: Vec<u8> =
                (0..size).map(|n| u8::try_from(n * 7 % 251).unwrap_or(0)).collect();
            let program = directory.path().join("program");
            std::fs::write(&program, &content).unwrap();
            let archive = of_program(&program, "a/b").await.unwrap();
            let parts: Vec<Bytes> = archive.map(Result::unwrap).collect().await;
            let file = directory.path().join("x.tar");
            std::fs::write(&file, parts.concat()).unwrap();
            let status = std::process::Command::new("tar")
                .args(["-xf", "x.tar"])
                .current_dir(directory.path())
                .status()
                .unwrap();
            assert!(status.success());
            let unpacked = directory.path().join("a/b");
            assert_eq!(std::fs::read(&unpacked).unwrap(), content, "{size}");
            let mode = std::os::unix::fs::PermissionsExt::mode(
                &std::fs::metadata(&unpacked).unwrap().permissions(),
            );
            assert_eq!(mode & 0o777, 0o755);
        }
    }
}
