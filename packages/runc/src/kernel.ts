/**
 * The kernel port: launch programs and the ways to run them.
 *
 * @module
 */

export type { ConsoleSize } from "./host/console.ts";
export { resizeConsole } from "./host/console.ts";
export type { FifoOptions, FifoReader, FifoWriter } from "./host/fifo.ts";
export { makeFifo, openFifoReader, openFifoWriter } from "./host/fifo.ts";
export type { FileChange } from "./host/file_changes.ts";
export { changeFiles, deviceNumber } from "./host/file_changes.ts";
export type {
  ExitStatus,
  Kernel,
  Launch,
  LaunchOptions,
  LaunchRecord,
  StdioEntry,
  TraceStep,
} from "./host/kernel.ts";
export type {
  ConnectMonitorOptions,
  HeldFifo,
  MonitorKernel,
  StartMonitorOptions,
} from "./host/monitor_kernel.ts";
export { connectMonitor, monitorPid, readMonitorExits, startMonitor } from "./host/monitor_kernel.ts";
export type { Mount, UnmountOptions } from "./host/mount.ts";
export { addMount, mount, mountPointsBelow, unmount } from "./host/mount.ts";
export type { MountOptions } from "./host/mount_options.ts";
export { MS, parseMountOptions } from "./host/mount_options.ts";
export type { ReapedProcess } from "./host/port_client.ts";
export { UNKNOWN_EXIT_CODE } from "./host/port_client.ts";
export type { PortKernelOptions } from "./host/port_kernel.ts";
export { portKernel } from "./host/port_kernel.ts";
export type { RunOptions, RunResult } from "./host/run.ts";
export { run } from "./host/run.ts";
export type { SpawnKernelOptions } from "./host/spawn_kernel.ts";
export { spawnKernel } from "./host/spawn_kernel.ts";
export { disassemble } from "./launch/disassemble.ts";
export type { Arch } from "./launch/encode.ts";
export { encode } from "./launch/encode.ts";
export type { ErrnoName } from "./launch/errno.ts";
export { ERRNO, errnoName } from "./launch/errno.ts";
export type { Arithmetic, Comparison, Op, SyscallName, Width } from "./launch/op.ts";
export type { Operand, OpOptions, Program, ProgramOptions, SlotAddress } from "./launch/program.ts";
export { Label, ProgramBuilder, Result, Slot } from "./launch/program.ts";
export type { StructWriter } from "./launch/program_data.ts";
export { Data } from "./launch/program_data.ts";
export type { ConsoleRelayOptions, ConsoleSocketOptions } from "./launch/relay_program.ts";
export {
  addConsoleRelay,
  becomeConsoleRelay,
  CONSOLE_TAGS,
  consoleSocketProgram,
} from "./launch/relay_program.ts";
export { standaloneElf, startStack } from "./launch/standalone_elf.ts";
export { helloElf } from "./programs/hello.ts";
export { INIT_VERSION, initElf } from "./programs/init.ts";
export { pauseElf } from "./programs/pause.ts";
