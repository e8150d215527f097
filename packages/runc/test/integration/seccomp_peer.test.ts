import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type BpfInstruction, bpf, encodeBpf } from "../../src/seccomp/bpf.ts";
import { compileSeccomp } from "../../src/seccomp/compile.ts";
import type { SeccompProfileInput } from "../../src/seccomp/rules.ts";
import { runSeccompFilter } from "../../src/testing/cbpf.ts";

const has = (program: string): boolean => spawnSync(program, ["--version"], { stdio: "ignore" }).status === 0;
const reason =
  process.getuid?.() !== 0
    ? "needs root"
    : process.arch !== "x64"
      ? "needs x86-64"
      : ["runc", "strace"].find((p) => !has(p));

const profile = JSON.parse(
  readFileSync(fileURLToPath(new URL("../fixtures/docker_seccomp.json", import.meta.url)), "utf8"),
) as SeccompProfileInput;

/** Words that strace prints in a filter. */
const WORDS: Readonly<Record<string, number>> = {
  BPF_LD: 0,
  BPF_ALU: 4,
  BPF_JMP: 5,
  BPF_RET: 6,
  BPF_W: 0,
  BPF_ABS: 0x20,
  BPF_K: 0,
  BPF_AND: 0x50,
  BPF_JA: 0,
  BPF_JEQ: 0x10,
  BPF_JGT: 0x20,
  BPF_JGE: 0x30,
  BPF_JSET: 0x40,
  SECCOMP_RET_KILL_THREAD: 0,
  SECCOMP_RET_ERRNO: 0x5_0000,
  SECCOMP_RET_ALLOW: 0x7fff_0000,
};

function word(text: string): number {
  return text.split("|").reduce((sum, part) => {
    const value = WORDS[part.trim()] ?? Number(part);
    if (Number.isNaN(value)) throw new Error(`strace printed ${part}`);
    return (sum | value) >>> 0;
  }, 0);
}

/** The filter that real runc loads for the profile, as strace sees it. */
function runcFilter(): Uint8Array {
  const dir = mkdtempSync(join(tmpdir(), "rt-seccomp-"));
  try {
    mkdirSync(join(dir, "rootfs"));
    // A file that is no program: runc fails after it has loaded the filter.
    writeFileSync(join(dir, "rootfs", "none"), "no program", { mode: 0o755 });
    const config = {
      ociVersion: "1.0.2",
      process: { args: ["/none"], cwd: "/", user: { uid: 0, gid: 0 }, noNewPrivileges: true },
      root: { path: "rootfs" },
      mounts: [{ destination: "/proc", type: "proc", source: "proc" }],
      linux: {
        cgroupsPath: `/rt-test-${process.pid}-seccomp`,
        namespaces: [{ type: "pid" }, { type: "mount" }],
        seccomp: profile,
      },
    };
    writeFileSync(join(dir, "config.json"), JSON.stringify(config));
    const trace = join(dir, "trace");
    const runc = ["runc", "--root", join(dir, "state"), "run", "--bundle", dir, `rt-test-${process.pid}`];
    spawnSync("strace", ["-f", "-v", "-e", "trace=seccomp,prctl", "-o", trace, ...runc], { stdio: "ignore" });
    const line = readFileSync(trace, "utf8")
      .split("\n")
      .find((l) => l.includes("filter=["));
    if (line === undefined) throw new Error("runc loaded no filter");
    const insns = [...line.matchAll(/BPF_(STMT|JUMP)\(([^()]*)\)/g)].map(
      ([, , args = ""]): BpfInstruction => {
        const [code = "", k = "", jt = "0", jf = "0"] = args.split(",");
        return bpf(word(code), word(k), word(jt), word(jf));
      },
    );
    return encodeBpf(insns);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

describe.skipIf(reason !== undefined)(
  `seccomp beside real runc${reason ? ` (skipped: ${reason})` : ""}`,
  () => {
    it("gives the same verdict for every call of every architecture, whatever the arguments", () => {
      const theirs = runcFilter();
      const ours = compileSeccomp(profile, "x64");
      expect(ours.count).toBeLessThan(theirs.length / 8);
      const words = [
        0n,
        1n,
        2n,
        8n,
        16n,
        0x11n,
        0x2_0000n,
        0x2_0008n,
        0xffff_ffffn,
        0x1000_0000n,
        0x7e02_0000n,
        1n << 40n,
      ];
      let differences = 0;
      let compared = 0;
      for (const arch of [0xc000_003e, 0x4000_0003, 0xc000_00b7]) {
        const numbers = Array.from({ length: 600 }, (_, nr) => [nr, nr | 0x4000_0000]).flat();
        for (const nr of [...numbers, 0xffff_ffff, 0x3fff_ffff]) {
          for (const [i, first] of words.entries()) {
            const args = [first, words[(i * 5 + nr) % words.length]!, words[(i * 7 + 3) % words.length]!];
            const want = runSeccompFilter(theirs, { arch, nr, args }).verdict;
            const got = runSeccompFilter(ours.bytes, { arch, nr, args }).verdict;
            compared++;
            if (want !== got && differences++ === 0) expect({ arch, nr, args, got }).toEqual({ got: want });
          }
        }
      }
      expect({ differences, isEnough: compared > 40_000 }).toEqual({ differences: 0, isEnough: true });
      expect(
        execFileSync("find", ["/sys/fs/cgroup", "-name", `rt-test-${process.pid}-seccomp`]).toString(),
      ).toBe("");
    });
  },
);
