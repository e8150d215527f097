/**
 * The default seccomp profile: what is denied unless a capability, architecture or argument allows it.
 *
 * Same effect as Docker's published default profile: everything that is not named is refused with EPERM, and clone3
 * with ENOSYS so that C libraries fall back to clone, whose flags can be looked at.
 * Source: docs.docker.com "Seccomp security profiles for Docker"; moby/profiles `seccomp`.
 *
 * @module
 */
import type { Seccomp, SeccompArch, SeccompRule } from "../oci.ts";
import { ALLOWED_SYSCALLS } from "./seccomp_allowed.ts";

/** `CLONE_NEW…` of mount, cgroup, uts, ipc, user, pid and net. */
const NAMESPACE_FLAGS = 0x7e020000;

/** errno of a call that does not exist. */
const ENOSYS = 38;

/** Address families that sockets may not have: kernel crypto, and virtual machines' sockets. */
const AF_ALG = 38;
const AF_VSOCK = 40;

/** Personalities that programs may choose: the default, 32 bit, their variants with UNAME26, and asking. */
const PERSONALITIES = [0x0, 0x0008, 0x20000, 0x20008, 0xffffffff];

/** What each capability allows beside the rest. */
const BY_CAPABILITY: Readonly<Record<string, string>> = {
  CAP_BPF: "bpf",
  CAP_DAC_READ_SEARCH: "open_by_handle_at",
  CAP_PERFMON: "perf_event_open",
  CAP_SYSLOG: "syslog",
  CAP_SYS_ADMIN:
    "bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr " +
    "lsm_list_modules lsm_set_self_attr mount mount_setattr move_mount open_tree perf_event_open quotactl " +
    "quotactl_fd setdomainname sethostname setns syslog umount umount2 unshare",
  CAP_SYS_BOOT: "reboot",
  CAP_SYS_CHROOT: "chroot",
  CAP_SYS_MODULE: "delete_module finit_module init_module",
  CAP_SYS_NICE: "get_mempolicy mbind set_mempolicy set_mempolicy_home_node",
  CAP_SYS_PACCT: "acct",
  CAP_SYS_PTRACE: "kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace",
  CAP_SYS_RAWIO: "ioperm iopl",
  CAP_SYS_TIME: "clock_settime clock_settime64 settimeofday stime",
  CAP_SYS_TTY_CONFIG: "vhangup",
};

/** What each architecture has beside the others. */
const BY_ARCHITECTURE: Readonly<Record<string, { readonly archs: SeccompArch[]; readonly calls: string }>> = {
  x64: {
    archs: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
    calls: "arch_prctl modify_ldt",
  },
  arm64: {
    archs: ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"],
    calls: "arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush set_tls sync_file_range2",
  },
};

/** A rule that allows `calls`. */
function allow(calls: string): SeccompRule {
  return { names: calls.split(" "), action: "SCMP_ACT_ALLOW" };
}

/**
 * The profile for a container with these capabilities.
 *
 * @param capabilities Names such as `CAP_SYS_ADMIN`: the bounding set.
 * @param arch As `process.arch` names it.
 */
export function defaultSeccomp(capabilities: readonly string[], arch: string = process.arch): Seccomp {
  const { archs, calls } = BY_ARCHITECTURE[arch] ?? { archs: [], calls: "" };
  const syscalls: SeccompRule[] = [
    { names: [...ALLOWED_SYSCALLS], action: "SCMP_ACT_ALLOW" },
    allow("process_vm_readv process_vm_writev ptrace"),
    { names: ["socket"], action: "SCMP_ACT_ALLOW", args: [{ index: 0, value: AF_ALG, op: "SCMP_CMP_LT" }] },
    {
      names: ["socket"],
      action: "SCMP_ACT_ALLOW",
      args: [{ index: 0, value: AF_ALG + 1, op: "SCMP_CMP_EQ" }],
    },
    { names: ["socket"], action: "SCMP_ACT_ALLOW", args: [{ index: 0, value: AF_VSOCK, op: "SCMP_CMP_GT" }] },
  ];
  for (const value of PERSONALITIES) {
    syscalls.push({
      names: ["personality"],
      action: "SCMP_ACT_ALLOW",
      args: [{ index: 0, value, op: "SCMP_CMP_EQ" }],
    });
  }
  if (calls !== "") syscalls.push(allow(calls));
  for (const capability of capabilities) {
    const allowed = BY_CAPABILITY[capability];
    if (allowed !== undefined) syscalls.push(allow(allowed));
  }
  if (!capabilities.includes("CAP_SYS_ADMIN")) {
    syscalls.push({
      names: ["clone"],
      action: "SCMP_ACT_ALLOW",
      args: [{ index: 0, value: NAMESPACE_FLAGS, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }],
    });
    syscalls.push({ names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: ENOSYS });
  }
  return { defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: 1, architectures: archs, syscalls };
}
