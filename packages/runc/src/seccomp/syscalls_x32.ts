/**
 * System call numbers of x32, by name: those of x86-64 with bit 30 set, except where x32 has its own entry.
 *
 * Source: Linux arch/x86/entry/syscalls/syscall_64.tbl, ABI column (`common`, `64`, `x32`).
 *
 * @module
 */
import { SYSCALLS_X64 } from "../launch/syscalls_x64.ts";

/** Bit of the system call number that marks x32 (`__X32_SYSCALL_BIT`). */
export const X32_BIT = 0x4000_0000;

/** Calls that x32 does not have at all. */
const ONLY_X64: ReadonlySet<string> = new Set(
  (
    "_sysctl create_module epoll_ctl_old epoll_wait_old get_kernel_syms get_thread_area map_shadow_stack " +
    "nfsservctl query_module set_thread_area uprobe uretprobe uselib vserver"
  ).split(" "),
);

/** Calls that have a number of their own on x32, in order from 512. */
const OWN_FROM_512: readonly string[] = (
  "rt_sigaction rt_sigreturn ioctl readv writev recvfrom sendmsg recvmsg execve ptrace rt_sigpending " +
  "rt_sigtimedwait rt_sigqueueinfo sigaltstack timer_create mq_notify kexec_load waitid set_robust_list " +
  "get_robust_list vmsplice move_pages preadv pwritev rt_tgsigqueueinfo recvmmsg sendmmsg process_vm_readv " +
  "process_vm_writev setsockopt getsockopt io_setup io_submit execveat preadv2 pwritev2"
).split(" ");

function build(): Record<string, number> {
  const table: Record<string, number> = {};
  for (const [name, nr] of Object.entries(SYSCALLS_X64)) if (!ONLY_X64.has(name)) table[name] = nr | X32_BIT;
  OWN_FROM_512.forEach((name, i) => {
    table[name] = (512 + i) | X32_BIT;
  });
  return table;
}

/** System call numbers of x32, {@linkcode X32_BIT} included. */
export const SYSCALLS_X32: Readonly<Record<string, number>> = build();
