//! System calls that no command needs and that open ways into the kernel or out of the sandbox.

use std::collections::BTreeMap;

use libc::c_long;
use seccompiler::{
    BackendError, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

/// Added to the number of a call in the rarely used x32 form.
#[cfg(target_arch = "x86_64")]
const X32: i64 = 0x4000_0000;

const REFUSED: &[c_long] = &[
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_setns,
    libc::SYS_unshare,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_reboot,
    libc::SYS_acct,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_quotactl,
    libc::SYS_open_by_handle_at,
    libc::SYS_syslog,
    libc::SYS_vhangup,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_iopl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ioperm,
];

/// Kinds of sockets that commands may make.
const FAMILIES: [i32; 4] = [libc::AF_UNIX, libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];
/// Puts input into a terminal; fills another's.
const TERMINAL_REQUESTS: [u64; 2] = [libc::TIOCSTI, libc::TIOCLINUX];
const NEW_NAMESPACES: i32 = libc::CLONE_NEWUSER
    | libc::CLONE_NEWNS
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWCGROUP;

/// Which sockets are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sockets {
    /// All that are not for the network or for processes of this machine.
    Unusual,
    /// All but those between processes of this machine.
    Network,
}

/// Refuses the calls from now on, for this thread and what it starts.
pub(super) fn apply(sockets: Sockets) -> Result<(), seccompiler::Error> {
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    let with = |rules: BTreeMap<i64, Vec<SeccompRule>>, error: i32| {
        let refuse = SeccompAction::Errno(error.unsigned_abs());
        let filter = SeccompFilter::new(rules, SeccompAction::Allow, refuse, arch)?;
        let program: seccompiler::BpfProgram = filter.try_into()?;
        seccompiler::apply_filter(&program)
    };
    with(refused(sockets)?, libc::EPERM)?;
    // Its flags cannot be seen from here; the C library falls back to `clone`.
    with([(libc::SYS_clone3, Vec::new())].into(), libc::ENOSYS)
}

fn refused(sockets: Sockets) -> Result<BTreeMap<i64, Vec<SeccompRule>>, BackendError> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
    let mut refuse = |call: c_long, rule: Option<SeccompRule>| {
        rules.entry(call).or_default().extend(rule.clone());
        #[cfg(target_arch = "x86_64")]
        rules.entry(call | X32).or_default().extend(rule);
    };
    for call in REFUSED {
        refuse(*call, None);
    }
    let families: &[i32] = match sockets {
        Sockets::Unusual => &FAMILIES,
        Sockets::Network => &FAMILIES[..1],
    };
    let other_family = families
        .iter()
        .map(|family| condition(0, SeccompCmpOp::Ne, u64::from(family.unsigned_abs())))
        .collect::<Result<_, _>>()?;
    refuse(libc::SYS_socket, Some(SeccompRule::new(other_family)?));
    for request in TERMINAL_REQUESTS {
        let is_request = condition(1, SeccompCmpOp::Eq, request)?;
        refuse(libc::SYS_ioctl, Some(SeccompRule::new(vec![is_request])?));
    }
    for bit in (0..i32::BITS - 1).map(|bit| 1 << bit).filter(|bit| NEW_NAMESPACES & bit != 0) {
        let bit = u64::from(bit.unsigned_abs());
        let has_flag = condition(0, SeccompCmpOp::MaskedEq(bit), bit)?;
        refuse(libc::SYS_clone, Some(SeccompRule::new(vec![has_flag])?));
    }
    Ok(rules)
}

fn condition(
    argument: u8,
    operation: SeccompCmpOp,
    value: u64,
) -> Result<SeccompCondition, BackendError> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operation, value)
}
