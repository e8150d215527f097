/**
 * The pause program: holds a pod's namespaces, reaps what is left to it, ends on SIGTERM or SIGINT.
 *
 * Source: kubernetes build/pause/linux/pause.c (behaviour).
 *
 * @module
 */
import type { Arch } from "../launch/encode.ts";
import { ProgramBuilder } from "../launch/program.ts";
import { standaloneElf } from "../launch/standalone_elf.ts";
import { blockSignals, nextSignal, reap, SIG } from "./signals.ts";

/** The executable of a pod's pause container. */
export function pauseElf(arch: Arch): Uint8Array {
  const p = new ProgramBuilder({ dumpable: true });
  blockSignals(p);
  p.loop((leave, again) => {
    const signal = nextSignal(p, again);
    p.branch("eq", signal, SIG.TERM, leave);
    p.branch("eq", signal, SIG.INT, leave);
    p.branch("ne", signal, SIG.CHLD, again);
    reap(p, () => undefined, again);
  });
  p.exit(0);
  return standaloneElf(p.build(), arch);
}
