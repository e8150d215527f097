/**
 * The hello program: prints a text and exits 0. What the demo's image runs where there is no shell at hand.
 *
 * @module
 */
import type { Arch } from "../launch/encode.ts";
import { ProgramBuilder } from "../launch/program.ts";
import { standaloneElf } from "../launch/standalone_elf.ts";

/** The executable that prints `text` on standard output. */
export function helloElf(arch: Arch, text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  const p = new ProgramBuilder({ dumpable: true });
  p.sys("write", [1, p.bytes(bytes), bytes.length], { name: "write greeting", onError: "ignore" });
  p.exit(0);
  return standaloneElf(p.build(), arch);
}
