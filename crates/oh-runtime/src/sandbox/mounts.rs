//! The file system of a sandbox: this machine's, read-only, with a few places of its own.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Component, Path, PathBuf};

use rustix::mount::{
    MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind, mount_bind_recursive,
    mount_change, mount_remount, unmount,
};

use super::SetupError;
use super::mount_steps::{link, mounts_below, open, read_only, step, tmpfs};
use super::plan::{PROGRAM, Plan, SandboxPolicy, VolumeAccess, WORKSPACE};

/// What the root of this machine has that a sandbox gets anew.
const OWN_PLACES: [&str; 7] = ["proc", "dev", "tmp", "run", "workspace", "lost+found", "home"];
const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];
/// Below `/run`, what name resolution and some distributions' programs need.
const RUN_KEPT: [&str; 6] = [
    "systemd/resolve",
    "resolvconf",
    "NetworkManager/resolv.conf",
    "connman",
    "current-system",
    "opengl-driver",
];
const PROC_READ_ONLY: [&str; 5] = ["sys", "sysrq-trigger", "irq", "bus", "fs"];
const PROC_HIDDEN: [&str; 5] = ["kcore", "keys", "timer_list", "sched_debug", "latency_stats"];
/// Numbers that the kernel gives to no process after the first round.
const RESERVED_PROCESS_IDS: u64 = 300;
/// Bytes of memory that `/dev/shm` may hold.
const SHARED_MEMORY: &str = "mode=1777,size=1g";

/// Builds the file system and moves into it.
pub(super) fn enter(plan: &Plan) -> Result<(), SetupError> {
    let view = View::new(plan)?;
    view.bind_this_machine()?;
    view.make_read_only()?;
    view.add_devices(plan)?;
    view.mask(plan)?;
    view.add_own_places(plan)?;
    view.move_in()
}

/// A file system that is being built.
struct View {
    root: PathBuf,
    workspace: OwnedFd,
    session: OwnedFd,
    program: OwnedFd,
    /// Opened before anything is mounted over them.
    exposed: Vec<(PathBuf, OwnedFd)>,
    volumes: Vec<OwnedFd>,
}

impl View {
    fn new(plan: &Plan) -> Result<Self, SetupError> {
        let root = plan.session_dir.join("root");
        let open_all = |paths: &[PathBuf]| {
            paths.iter().filter_map(|path| Some((path.clone(), open(path).ok()?))).collect()
        };
        let view = Self {
            workspace: open(&plan.workspace)?,
            session: open(&plan.session_dir)?,
            program: open(&std::env::current_exe().unwrap_or_default())
                .or_else(|_| open(Path::new("/proc/self/exe")))?,
            exposed: open_all(&plan.exposed),
            volumes: plan
                .volumes
                .iter()
                .map(|volume| open(&volume.host))
                .collect::<Result<_, _>>()?,
            root,
        };
        step("make mounts private", || {
            mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)
        })?;
        fs::create_dir_all(&view.root).map_err(|error| SetupError::new("make the root", error))?;
        step("mount the root", || tmpfs(&view.root, "mode=755,size=64m"))?;
        // Binding a directory that holds the new root must not bind the root into itself.
        step("mark the root", || mount_change(&view.root, MountPropagationFlags::UNBINDABLE))?;
        Ok(view)
    }

    fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }

    fn bind_this_machine(&self) -> Result<(), SetupError> {
        let entries = fs::read_dir("/").map_err(|error| SetupError::new("read /", error))?;
        for entry in entries.flatten() {
            let name = entry.file_name();
            let is_own = OWN_PLACES.iter().any(|own| *own == name);
            let Ok(kind) = entry.file_type() else { continue };
            let target = self.root.join(&name);
            let result = if is_own {
                Ok(())
            } else if kind.is_dir() {
                fs::create_dir(&target)
                    .and_then(|()| Ok(mount_bind_recursive(entry.path(), &target)?))
            } else if kind.is_symlink() {
                fs::read_link(entry.path()).and_then(|link| symlink(link, &target))
            } else {
                Ok(())
            };
            result.map_err(|error| {
                SetupError::new(format!("bind {}", entry.path().display()), error)
            })?;
        }
        for own in ["proc", "dev", "tmp", "run", "workspace", "home"] {
            fs::create_dir(self.root.join(own))
                .map_err(|error| SetupError::new(format!("make /{own}"), error))?;
        }
        for own in ["run", "home"] {
            step(&format!("mount /{own}"), || tmpfs(&self.root.join(own), "mode=755,size=1g"))?;
        }
        Ok(())
    }

    /// Makes every mount of this machine read-only.
    fn make_read_only(&self) -> Result<(), SetupError> {
        for (point, options) in mounts_below(&self.root)? {
            if point == self.root || point == self.at("run") || point == self.at("home") {
                continue;
            }
            step(&format!("make {} read-only", point.display()), || {
                mount_remount(&point, MountFlags::BIND | MountFlags::RDONLY | options, "")
            })?;
        }
        Ok(())
    }

    fn add_devices(&self, plan: &Plan) -> Result<(), SetupError> {
        let dev = self.at("/dev");
        step("mount /dev", || tmpfs(&dev, "mode=755,size=1m"))?;
        let failed = |error| SetupError::new("fill /dev", error);
        for name in DEVICES {
            let target = dev.join(name);
            fs::write(&target, "").map_err(failed)?;
            step(&format!("bind /dev/{name}"), || {
                mount_bind(Path::new("/dev").join(name), &target)
            })?;
        }
        for directory in ["pts", "shm"] {
            fs::create_dir(dev.join(directory)).map_err(failed)?;
        }
        let flags = MountFlags::NOSUID | MountFlags::NOEXEC;
        step("mount /dev/pts", || {
            mount("devpts", dev.join("pts"), "devpts", flags, c"newinstance,ptmxmode=0666,mode=620")
        })?;
        step("mount /dev/shm", || tmpfs(&dev.join("shm"), SHARED_MEMORY))?;
        for (target, name) in [
            ("pts/ptmx", "ptmx"),
            ("/proc/self/fd", "fd"),
            ("/proc/self/fd/0", "stdin"),
            ("/proc/self/fd/1", "stdout"),
            ("/proc/self/fd/2", "stderr"),
        ] {
            symlink(target, dev.join(name)).map_err(failed)?;
        }
        step("make /dev read-only", || {
            mount_remount(&dev, MountFlags::BIND | MountFlags::RDONLY | MountFlags::NOSUID, "")
        })?;
        let proc = self.at("/proc");
        step("mount /proc", || {
            let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
            mount("proc", &proc, "proc", flags, None)
        })?;
        if plan.limits.processes > 0 {
            // Newer kernels have this limit per namespace. Others have the one for the user.
            let limit = plan.limits.processes + RESERVED_PROCESS_IDS;
            let _ = fs::write(proc.join("sys/kernel/pid_max"), limit.to_string());
        }
        Ok(())
    }

    fn mask(&self, plan: &Plan) -> Result<(), SetupError> {
        // The home is covered as a whole, and some places were never bound.
        let is_covered = |path: &Path| {
            plan.home.as_ref().is_some_and(|home| path.starts_with(home))
                || OWN_PLACES.iter().any(|own| path == Path::new("/").join(own))
        };
        for path in plan.masked.iter().filter(|path| !is_covered(path)) {
            let target = self.at(path);
            let Ok(metadata) = fs::symlink_metadata(&target) else { continue };
            step(&format!("mask {}", path.display()), || {
                if metadata.is_dir() {
                    tmpfs(&target, "mode=755,size=8m")
                } else {
                    mount_bind("/dev/null", &target)
                }
            })?;
        }
        Ok(())
    }

    fn add_own_places(&self, plan: &Plan) -> Result<(), SetupError> {
        for kept in RUN_KEPT {
            let path = Path::new("/run").join(kept);
            if let Ok(source) = open(&path) {
                self.bind_read_only(&source, &path)?;
            }
        }
        let is_below_home =
            |path: &Path| plan.home.as_ref().is_some_and(|home| path.starts_with(home));
        for (path, source) in self.exposed.iter().filter(|(path, _)| !is_below_home(path)) {
            self.bind_read_only(source, path)?;
        }
        for private in ["/tmp", "/var/tmp"] {
            self.bind(&open(&plan.private_temporary())?, Path::new(private))?;
        }
        if let Some(home) = &plan.home {
            self.add_home(plan, home)?;
        }
        // After the places it may lie below, which would cover it.
        self.bind(&self.session, &plan.session_dir)?;
        for (volume, source) in plan.volumes.iter().zip(&self.volumes) {
            self.add_volume(plan, volume.access, source, &volume.inside)?;
        }
        for place in [&plan.workspace, Path::new(WORKSPACE)] {
            match plan.policy {
                SandboxPolicy::ReadOnly => self.bind_read_only(&self.workspace, place)?,
                SandboxPolicy::WorkspaceWrite | SandboxPolicy::FullAccess => {
                    self.bind(&self.workspace, place)?;
                    self.protect(plan, place)?;
                }
            }
        }
        self.add_program()?;
        self.name_user(plan)?;
        for place in [Path::new("/run"), Path::new("/home")] {
            self.close(place)?;
        }
        Ok(())
    }

    /// Makes a mount of our own read-only, now that everything is in it.
    fn close(&self, place: &Path) -> Result<(), SetupError> {
        step(&format!("make {} read-only", place.display()), || {
            mount_remount(self.at(place), read_only(), "")
        })
    }

    /// The private home, where the real one is, with the tools of the real one in it.
    fn add_home(&self, plan: &Plan, home: &Path) -> Result<(), SetupError> {
        self.bind(&open(&plan.private_home())?, home)?;
        for (path, source) in &self.exposed {
            if path.starts_with(home) {
                self.bind_read_only(source, path)?;
            }
        }
        Ok(())
    }

    fn add_volume(
        &self,
        plan: &Plan,
        access: VolumeAccess,
        source: &OwnedFd,
        inside: &Path,
    ) -> Result<(), SetupError> {
        let is_read_only = plan.policy == SandboxPolicy::ReadOnly;
        match access {
            VolumeAccess::Read => self.bind_read_only(source, inside),
            VolumeAccess::Write if is_read_only => self.bind_read_only(source, inside),
            VolumeAccess::Write => self.bind(source, inside),
            VolumeAccess::Overlay => {
                let name: String = inside
                    .to_string_lossy()
                    .chars()
                    .map(|c| if c == '/' { '-' } else { c })
                    .collect();
                let own = plan.session_dir.join("overlays").join(name.trim_matches('-'));
                for part in ["upper", "work"] {
                    fs::create_dir_all(own.join(part))
                        .map_err(|error| SetupError::new("make an overlay", error))?;
                }
                let target = self.mount_point(source, inside)?;
                let (upper, work) = (open(&own.join("upper"))?, open(&own.join("work"))?);
                let options = format!(
                    "lowerdir={},upperdir={},workdir={},userxattr",
                    link(source),
                    link(&upper),
                    link(&work)
                );
                let options = std::ffi::CString::new(options)
                    .map_err(|error| SetupError::new("name an overlay", io::Error::other(error)))?;
                let flags = MountFlags::NOSUID | MountFlags::NODEV;
                step(&format!("mount an overlay on {}", inside.display()), || {
                    mount("overlay", &target, "overlay", flags, options.as_c_str())
                })
            }
        }
    }

    /// Parts of a repository through which it could make its owner run something.
    fn protect(&self, plan: &Plan, place: &Path) -> Result<(), SetupError> {
        for part in &plan.protected {
            let inside = place.join(part);
            let target = self.at(&inside);
            let Ok(source) = open(&target) else { continue };
            // The parent is a mount, too: it cannot be renamed and put in another's place.
            if let Some(parent) = inside.parent().filter(|parent| *parent != place) {
                self.bind(&open(&self.at(parent))?, parent)?;
            }
            self.bind_read_only(&source, &inside)?;
        }
        Ok(())
    }

    fn add_program(&self) -> Result<(), SetupError> {
        let target = self.mount_point(&self.program, Path::new(PROGRAM))?;
        // A program that was replaced while it runs cannot be bound.
        let is_same = |a: fs::Metadata, b: fs::Metadata| (a.dev(), a.ino()) == (b.dev(), b.ino());
        let is_running = fs::metadata("/proc/self/exe")
            .and_then(|own| Ok(is_same(own, fs::metadata(link(&self.program))?)));
        let is_running = is_running.is_ok_and(|is_running| is_running);
        if !is_running || mount_bind(link(&self.program), &target).is_err() {
            fs::copy("/proc/self/exe", &target)
                .and_then(|_| {
                    fs::set_permissions(
                        &target,
                        std::os::unix::fs::PermissionsExt::from_mode(0o755),
                    )
                })
                .map_err(|error| SetupError::new("copy the program", error))?;
        }
        Ok(())
    }

    /// Gives the user inside a name and a home.
    fn name_user(&self, plan: &Plan) -> Result<(), SetupError> {
        let uid = rustix::process::getuid().as_raw();
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let is_user = |line: &&str| line.split(':').nth(2) == Some(uid.to_string().as_str());
        let home = plan.home_inside();
        let own = format!("openhands:x:{uid}:{uid}:OpenHands:{}:/bin/bash\n", home.display());
        let is_known = users.lines().find(is_user).is_some_and(|line| {
            line.split(':').nth(5).is_some_and(|known| Path::new(known) == home)
        });
        if is_known || users.is_empty() {
            return Ok(());
        }
        let others = users.lines().filter(|line| !is_user(line));
        let text: String = others.map(|line| format!("{line}\n")).chain([own]).collect();
        let file = self.at("/run/openhands/passwd");
        fs::write(&file, text).map_err(|error| SetupError::new("name the user", error))?;
        step("bind /etc/passwd", || mount_bind(&file, self.at("/etc/passwd")))
    }

    fn bind(&self, source: &OwnedFd, place: &Path) -> Result<(), SetupError> {
        let target = self.mount_point(source, place)?;
        step(&format!("bind {}", place.display()), || mount_bind_recursive(link(source), &target))
    }

    fn bind_read_only(&self, source: &OwnedFd, place: &Path) -> Result<(), SetupError> {
        self.bind(source, place)?;
        let target = self.at(place);
        step(&format!("make {} read-only", place.display()), || {
            // What is mounted already may have more flags, which must be kept.
            let options = mounts_below(&target)
                .ok()
                .and_then(|mounts| mounts.into_iter().rev().find(|(point, _)| *point == target))
                .map_or(MountFlags::empty(), |(_, options)| options);
            mount_remount(&target, read_only() | options, "")
        })
    }

    /// Makes what `source` can be mounted on, where the file system allows it.
    fn mount_point(&self, source: &OwnedFd, place: &Path) -> Result<PathBuf, SetupError> {
        let target = self.at(place);
        let failed =
            |error| SetupError::new(format!("make a place for {}", place.display()), error);
        if target.symlink_metadata().is_ok() {
            return Ok(target);
        }
        if !place.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)))
        {
            return Err(failed(io::ErrorKind::InvalidInput.into()));
        }
        let is_dir = fs::metadata(link(source)).map_err(failed)?.is_dir();
        if is_dir {
            fs::create_dir_all(&target).map_err(failed)?;
        } else {
            if let Some(parent) = target.parent() {
                fs::create_dir_all(parent).map_err(failed)?;
            }
            fs::write(&target, "").map_err(failed)?;
        }
        Ok(target)
    }

    fn move_in(&self) -> Result<(), SetupError> {
        let proc = self.at("/proc");
        for part in PROC_READ_ONLY {
            let target = proc.join(part);
            if target.exists() {
                step(&format!("bind /proc/{part}"), || mount_bind(&target, &target))?;
                step(&format!("make /proc/{part} read-only"), || {
                    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
                    mount_remount(&target, read_only() | flags, "")
                })?;
            }
        }
        for part in PROC_HIDDEN {
            let target = proc.join(part);
            if target.exists() {
                step(&format!("mask /proc/{part}"), || mount_bind("/dev/null", &target))?;
            }
        }
        step("make the root read-only", || mount_remount(&self.root, read_only(), ""))?;
        step("enter the root", || {
            rustix::process::chdir(&self.root)?;
            rustix::process::pivot_root(".", ".")?;
            unmount(".", UnmountFlags::DETACH)?;
            rustix::process::chdir("/")
        })
    }
}
