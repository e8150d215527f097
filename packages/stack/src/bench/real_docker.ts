/**
 * A private real dockerd to compare with: own root, own network namespace, ended and cleared away afterwards.
 *
 * @module
 */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import { mountsBelow } from "../down.ts";
import { isAlive } from "../processes.ts";
import { answers, waitFor } from "../wait.ts";

/** A running real dockerd. */
export interface RealDocker extends AsyncDisposable {
  /** Path of its socket. */
  readonly socket: string;
}

/** Starts it; undefined where there is none. */
export async function realDocker(): Promise<RealDocker | undefined> {
  const program = ["/usr/sbin/dockerd", "/usr/bin/dockerd"].find((p) => existsSync(p));
  if (program === undefined) return undefined;
  const dir = mkdtempSync("/tmp/rt-real-");
  const netns = `rtreal${process.pid}`;
  execFileSync("ip", ["netns", "add", netns]);
  execFileSync("ip", ["-n", netns, "link", "set", "lo", "up"]);
  const log = openSync(join(dir, "log"), "w", 0o600);
  const socket = join(dir, "docker.sock");
  const flags = [
    "--data-root",
    join(dir, "data"),
    "--exec-root",
    join(dir, "exec"),
    "-H",
    `unix://${socket}`,
  ];
  const args = [`--net=/run/netns/${netns}`, program, ...flags, "--pidfile", join(dir, "pid")];
  const child = spawn("nsenter", args, { stdio: ["ignore", log, log] });
  await waitFor("the real dockerd answers", () => answers(socket), 20_000);
  return {
    socket,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await waitFor("the real dockerd ends", () => child.pid === undefined || !isAlive(child.pid), 15_000);
      for (const mount of mountsBelow(dir)) execFileSync("umount", ["-l", mount]);
      execFileSync("ip", ["netns", "delete", netns]);
      rmSync(dir, { recursive: true });
    },
  };
}
