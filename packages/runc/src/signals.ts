/**
 * Signals by name and number, on every architecture we run on.
 *
 * Source: Linux include/uapi/asm-generic/signal.h (x86-64 and arm64 agree); names as golang.org/x/sys/unix
 * `SignalNum` accepts them, which is what `runc kill` reads.
 *
 * @module
 */
import { RtError } from "@rt/oci-spec/errors";

/** Names from signal 1 on; the index plus one is the number. */
const NAMES: readonly string[] = (
  "SIGHUP SIGINT SIGQUIT SIGILL SIGTRAP SIGABRT SIGBUS SIGFPE SIGKILL SIGUSR1 SIGSEGV SIGUSR2 SIGPIPE SIGALRM " +
  "SIGTERM SIGSTKFLT SIGCHLD SIGCONT SIGSTOP SIGTSTP SIGTTIN SIGTTOU SIGURG SIGXCPU SIGXFSZ SIGVTALRM SIGPROF " +
  "SIGWINCH SIGIO SIGPWR SIGSYS"
).split(" ");

const ALIASES: Readonly<Record<string, string>> = {
  SIGIOT: "SIGABRT",
  SIGCLD: "SIGCHLD",
  SIGPOLL: "SIGIO",
  SIGUNUSED: "SIGSYS",
};

/** Highest signal number (SIGRTMAX). */
export const MAX_SIGNAL = 64;

const SIGRTMIN = 34;

/** `RTMIN+3`, `RTMAX-2`: as Docker and kill(1) write real-time signals. */
function realTime(name: string): number | undefined {
  const match = /^SIGRT(MIN|MAX)(?:([+-])(\d+))?$/.exec(name);
  if (match === null) return undefined;
  const offset = Number(match[3] ?? 0) * (match[2] === "-" ? -1 : 1);
  const signal = (match[1] === "MIN" ? SIGRTMIN : MAX_SIGNAL) + offset;
  return signal >= SIGRTMIN && signal <= MAX_SIGNAL ? signal : undefined;
}

/** The number of a signal name, with or without SIG, in any case; undefined if there is none. */
export function signalNumber(name: string): number | undefined {
  const upper = name.toUpperCase();
  const full = upper.startsWith("SIG") ? upper : `SIG${upper}`;
  const index = NAMES.indexOf(Object.hasOwn(ALIASES, full) ? (ALIASES[full] ?? full) : full);
  return index >= 0 ? index + 1 : realTime(full);
}

/** The name of a signal number, e.g. `SIGTERM`; `SIGRTMIN+n` from 34 on; undefined outside 1 to 64. */
export function signalName(signal: number): string | undefined {
  if (signal >= SIGRTMIN && signal <= MAX_SIGNAL) {
    return signal === SIGRTMIN ? "SIGRTMIN" : `SIGRTMIN+${signal - SIGRTMIN}`;
  }
  return NAMES[signal - 1];
}

/**
 * Reads a signal as `runc kill` does: a number, or a name with or without SIG, in any case.
 *
 * Signal 0 is accepted (it only probes). Source: opencontainers/runc kill.go `parseSignal`.
 *
 * @throws {RtError} `INVALID_ARGUMENT` with runc's text.
 */
export function parseSignal(text: string): number {
  if (/^\d+$/.test(text)) {
    const value = Number(text);
    if (value <= MAX_SIGNAL) return value;
  } else {
    const value = signalNumber(text);
    if (value !== undefined) return value;
  }
  throw new RtError("INVALID_ARGUMENT", `unknown signal "${text}"`);
}
