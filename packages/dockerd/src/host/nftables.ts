/**
 * nftables: one transaction per change, through `nft -f -`.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { RtError } from "@rt/containerd/oci";

/** Applies rule sets. */
export interface Nftables {
  /**
   * Applies `script` as one transaction: all of it or nothing.
   *
   * @throws {RtError} `INTERNAL` with nft's first line; `UNAVAILABLE` where there is no nft.
   */
  apply(script: string): Promise<void>;
}

/** The real one. */
export function linuxNftables(program = "nft"): Nftables {
  return { apply: (script) => applyBy(program, script) };
}

function applyBy(program: string, script: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ["-f", "-"], { stdio: ["pipe", "ignore", "pipe"] });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      if (stderr.length < 4096) stderr += chunk;
    });
    child.once("error", (cause) =>
      reject(new RtError("UNAVAILABLE", `cannot change firewall rules: ${program} does not run`, { cause })),
    );
    child.once("close", (code) => {
      if (code === 0) resolve();
      else reject(new RtError("INTERNAL", `cannot change firewall rules: ${stderr.split("\n")[0] ?? ""}`));
    });
    child.stdin.on("error", () => undefined);
    child.stdin.end(script);
  });
}
