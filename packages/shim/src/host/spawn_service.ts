/**
 * Starting the task service: this program again, detached, until it says that it listens.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import type { Readable } from "node:stream";
import { RtError } from "@rt/runc/oci";
import type { ShimConfig } from "../config.ts";

/** How this program is started: a compiled single file is its own engine. */
function selfCommand(): string[] {
  const script = process.argv[1] ?? "";
  if (script.startsWith("/$bunfs/") || script === process.execPath) return [process.execPath];
  return [process.execPath, ...process.execArgv, script];
}

/** Lets containerd's own kill preference come first: the service's is one more than its starter's parent's. */
function adjustOomScore(pid: number): void {
  try {
    const parent = Number(readFileSync(`/proc/${process.ppid}/oom_score_adj`, "utf8"));
    writeFileSync(`/proc/${pid}/oom_score_adj`, String(Math.min(parent + 1, 1000)));
  } catch {
    // The parent is gone, or is not ours to look at: the inherited score stays.
  }
}

/**
 * Starts the service of `config` on `socket`; resolves once it listens.
 *
 * @throws {RtError} `UNAVAILABLE` with what it said if it ends before; `DEADLINE_EXCEEDED` after `timeoutMs`.
 */
export async function spawnService(config: ShimConfig, socket: string, timeoutMs: number): Promise<void> {
  const [command = process.execPath, ...args] = selfCommand();
  const flags = ["-namespace", config.namespace, "-id", config.id, "-address", config.address];
  const where = ["-bundle", config.bundle, "-socket", socket];
  const child = spawn(command, [...args, ...flags, ...where, ...(config.debug ? ["-debug"] : [])], {
    cwd: config.bundle,
    env: { ...process.env, TTRPC_ADDRESS: config.ttrpcAddress, RT_SHIM_READY_FD: "3" },
    stdio: ["ignore", "ignore", "ignore", "pipe"],
    detached: true,
  });
  const ready = child.stdio[3] as Readable;
  let said = "";
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () =>
          reject(new RtError("DEADLINE_EXCEEDED", `cannot start task service: not ready in ${timeoutMs} ms`)),
        timeoutMs,
      );
      const end = (err?: RtError): void => {
        clearTimeout(timer);
        if (err === undefined) resolve();
        else reject(err);
      };
      ready.on("data", (chunk: Buffer) => {
        said += chunk.toString();
        if (said === "ready\n") end();
      });
      ready.on("end", () =>
        end(new RtError("UNAVAILABLE", `cannot start task service: ${said.trim() || "it has ended"}`)),
      );
      child.on("error", (err) =>
        end(new RtError("UNAVAILABLE", `cannot start task service: ${err.message}`)),
      );
    });
    if (child.pid !== undefined) adjustOomScore(child.pid);
  } catch (err) {
    child.kill("SIGKILL");
    throw err;
  } finally {
    ready.destroy();
    child.unref();
  }
}
