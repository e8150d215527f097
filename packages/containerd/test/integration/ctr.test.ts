import { randomBytes } from "node:crypto";
import { rmSync, statSync, writeFileSync } from "node:fs";
import { connect, constants } from "node:http2";
import { connect as connectSocket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodeEvent } from "../../src/api/wire/event.ts";
import { ContainerdClient } from "../../src/client/containerd_client.ts";
import { addBusybox, BUSYBOX } from "./images.ts";
import { missing } from "./peers.ts";
import { engineCommand, RtContainerd } from "./rt_containerd.ts";

const missed = missing("ctr", "busybox", "containerd-shim-runc-v2", "runc");
const runtimes = ["io.containerd.runc.v2", "io.containerd.rt.v2"];

describe.each(["node", "bun"] as const)("ctr on rt-containerd (%s)", (engine) => {
  const skip = missed ?? (engineCommand(engine) === undefined ? "engine not installed" : undefined);
  describe.skipIf(skip !== undefined)(skip === undefined ? "runs" : `skipped: ${skip}`, () => {
    let daemon: RtContainerd;
    let client: ContainerdClient;
    const ctr = (...args: string[]) => daemon.ctr(...args);
    const ok = (...args: string[]): string => {
      const { status, stdout, stderr } = ctr(...args);
      expect(stderr).toBe("");
      expect(status).toBe(0);
      return stdout;
    };
    beforeAll(async () => {
      daemon = await RtContainerd.start(engine);
      client = new ContainerdClient({ address: daemon.address });
      await addBusybox(client, "default");
    });
    afterAll(async () => {
      await client[Symbol.asyncDispose]();
      await daemon[Symbol.asyncDispose]();
    });

    test("sockets are for their owner only", () => {
      for (const path of [daemon.address, `${daemon.address}.ttrpc`]) {
        expect(statSync(path).mode & 0o777).toBe(0o600);
      }
    });

    test("version and plugins", () => {
      expect(ctr("version").stdout).toMatch(/Server:\n {2}Version: {2}\S+/);
      expect(ok("plugins", "ls")).toMatch(/io.containerd.snapshotter.v1 +overlayfs +linux\/\S+ +ok/);
    });

    test("namespaces", () => {
      ok("namespaces", "create", "ctr-ns", "a=b");
      expect(ok("namespaces", "ls")).toMatch(/ctr-ns +a=b/);
      ok("namespaces", "label", "ctr-ns", "a=", "c=d");
      expect(ok("namespaces", "ls")).toMatch(/ctr-ns +c=d/);
      expect(ctr("namespaces", "create", "ctr-ns").stderr).toMatch(/namespace "ctr-ns": already exists/);
      ok("namespaces", "rm", "ctr-ns");
      expect(ok("namespaces", "ls")).not.toMatch(/ctr-ns/);
    });

    test("content: 48 MB in, labelled, out again byte for byte", () => {
      const bytes = randomBytes(48_000_001);
      const path = join(daemon.dir, "blob");
      writeFileSync(path, bytes);
      ok("content", "fetch-object", "--help");
      const digest = ctrIngest(daemon, path);
      expect(ok("content", "label", digest, "containerd.io/gc.root=1")).toMatch(/gc.root=1/);
      expect(ok("content", "ls")).toContain(digest);
      // One call of Go's client per 32 KiB, each ended by a reset: more resets than HTTP/2 servers as a rule bear.
      expect(ctrGet(daemon, digest).equals(bytes)).toBe(true);
      ok("content", "rm", digest);
      expect(ctr("content", "get", digest).stderr).toMatch(/not found/);
      rmSync(path);
    });

    test("images: export, rm, import, ls; importing again changes nothing", () => {
      const archive = join(daemon.dir, "busybox.tar");
      ok("images", "export", archive, BUSYBOX);
      ok("images", "rm", "--sync", BUSYBOX);
      expect(ok("images", "ls", "-q")).not.toContain(BUSYBOX);
      for (let i = 0; i < 2; i++)
        expect(ok("images", "import", archive)).toMatch(/unpacking .*busybox.*done/);
      expect(ok("images", "ls", "-q").trim()).toBe(BUSYBOX);
      expect(ok("snapshots", "ls")).toMatch(/sha256:[0-9a-f]{64} +Committed/);
      ok("images", "check");
      ok("images", "tag", BUSYBOX, "docker.io/library/copy:1");
      ok("images", "label", "docker.io/library/copy:1", "x=y");
      expect(ok("images", "ls", "name==docker.io/library/copy:1")).toMatch(/x=y/);
      ok("images", "rm", "docker.io/library/copy:1");
    });

    test("leases", () => {
      ok("leases", "create", "--id", "l1", "k=v");
      expect(ok("leases", "ls")).toMatch(/l1 .*k=v/);
      ok("leases", "rm", "l1");
      expect(ok("leases", "ls")).not.toMatch(/l1/);
    });

    for (const runtime of runtimes) {
      const run = (...args: string[]) => ctr("run", "--runtime", runtime, ...args);

      test(`run with ${runtime}: output, exit status, environment`, () => {
        const hello = run(
          "--rm",
          "--env",
          "GREETING=hi",
          BUSYBOX,
          "t1",
          "sh",
          "-c",
          "echo $GREETING; echo err >&2; exit 7",
        );
        expect([hello.stdout, hello.stderr, hello.status]).toEqual(["hi\n", "err\n", 7]);
        expect(ok("containers", "ls", "-q")).toBe("");
        expect(ok("tasks", "ls", "-q")).toBe("");
      });

      test(`run with ${runtime}: detached, with exec, pause, kill and its events`, async () => {
        const stop = new AbortController();
        const topics: string[] = [];
        const seen = (async () => {
          for await (const e of client.events.subscribe(["topic~=^/tasks/"], { signal: stop.signal })) {
            const event = decodeEvent(e);
            topics.push(event?.topic === "/tasks/exit" ? `${event.topic} ${event.exitStatus}` : e.topic);
          }
        })();
        // The subscription leaves before spawnSync holds this process up.
        await sleep(200);
        expect(run("-d", BUSYBOX, "t2", "sleep", "1000").status).toBe(0);
        expect(ok("tasks", "ls")).toMatch(/t2 +\d+ +RUNNING/);
        const exec = ctr("tasks", "exec", "--exec-id", "e1", "t2", "sh", "-c", "echo in-exec; exit 3");
        expect([exec.stdout, exec.status]).toEqual(["in-exec\n", 3]);
        expect(ok("tasks", "ps", "t2").split("\n").length).toBeGreaterThan(2);
        ok("tasks", "pause", "t2");
        expect(ok("tasks", "ls")).toMatch(/t2 +\d+ +PAUSED/);
        ok("tasks", "resume", "t2");
        expect(ctr("tasks", "rm", "t2").stderr).toMatch(/must be stopped|failed precondition/);
        expect(run("-d", BUSYBOX, "t2", "true").stderr).toMatch(/already exists/);
        ok("tasks", "kill", "-s", "KILL", "t2");
        expect((await client.tasks.wait({ containerId: "t2" }, { namespace: "default" })).exitStatus).toBe(
          137,
        );
        expect(ctr("tasks", "rm", "t2").stderr).toMatch(/task t2 exit with non-zero exit code 137/);
        ok("containers", "rm", "t2");
        await sleep(300);
        stop.abort();
        await seen;
        expect(topics).toEqual([
          "/tasks/create",
          "/tasks/start",
          "/tasks/exec-added",
          "/tasks/exec-started",
          "/tasks/exit 3",
          "/tasks/paused",
          "/tasks/resumed",
          "/tasks/exit 137",
          "/tasks/delete",
        ]);
      });

      test(`run with ${runtime}: a command that is not there leaves nothing behind`, () => {
        const failed = run("--rm", BUSYBOX, "t3", "no-such-command");
        expect(failed.status).not.toBe(0);
        expect(failed.stderr).toMatch(
          /failed to create shim task: .*"?no-such-command"?: executable file not found in \$PATH/,
        );
        expect(ok("containers", "ls", "-q") + ok("tasks", "ls", "-q")).toBe("");
      });
    }

    test("bad input gets containerd's texts", () => {
      expect(ctr("run", "--rm", "nobody:1", "x").stderr).toMatch(/image "nobody:1": not found/);
      expect(ctr("tasks", "kill", "ghost").stderr).toMatch(
        /container "ghost" in namespace "default": not found/,
      );
      expect(ctr("containers", "info", "ghost").stderr).toMatch(
        /container "ghost" in namespace "default": not found/,
      );
      expect(ctr("-n", "bad/ns", "containers", "ls").stderr).toMatch(/must match/);
      expect(ctr("run", "--runtime", "io.containerd.nothere.v9", "--rm", BUSYBOX, "x").stderr).toMatch(
        /runtime "io.containerd.nothere.v9" binary not installed/,
      );
      expect(ok("containers", "ls", "-q")).toBe("");
    });

    test("unknown methods and malformed messages get a gRPC status and harm nobody", async () => {
      const call = async (path: string, body: Buffer) => await rawCall(daemon.address, path, body);
      expect((await call("/no.such.Service/Method", frame(Buffer.alloc(0))))["grpc-status"]).toBe("12");
      const get = "/containerd.services.containers.v1.Containers/Get";
      for (const garbage of [
        frame(Buffer.from([0xff, 0xff, 0xff])),
        frame(Buffer.from([0x0a, 0x7f])),
        Buffer.from([9]),
      ]) {
        expect(Number((await call(get, garbage))["grpc-status"])).toBeGreaterThan(0);
      }
      expect(ctr("version").status).toBe(0);
    });
  });
});

function ctrIngest(daemon: RtContainerd, path: string): string {
  const { status, stderr } = daemon.ctrWith(
    path,
    "content",
    "ingest",
    "--expected-size",
    String(statSync(path).size),
    "in",
  );
  expect([status, stderr.toString()]).toEqual([0, ""]);
  const digest = daemon
    .ctr("content", "ls", "-q")
    .stdout.trim()
    .split("\n")
    .find((d) => isBlob(daemon, d, statSync(path).size));
  if (digest === undefined) throw new Error("the blob is not listed");
  return digest;
}

function isBlob(daemon: RtContainerd, digest: string, size: number): boolean {
  const hex = digest.replace("sha256:", "");
  return statSync(join(daemon.dir, "root/io.containerd.content.v1.content/blobs/sha256", hex)).size === size;
}

function ctrGet(daemon: RtContainerd, digest: string): Buffer {
  const { status, stdout } = daemon.ctrWith("/dev/null", "content", "get", digest);
  expect(status).toBe(0);
  return stdout;
}

/** A gRPC frame: flag, length, message. */
function frame(message: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
}

/** One gRPC call with a raw body; resolves with headers and trailers. */
async function rawCall(address: string, path: string, body: Buffer): Promise<Record<string, unknown>> {
  const session = connect("http://localhost", { createConnection: () => connectSocket(address) });
  try {
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: "POST",
      [constants.HTTP2_HEADER_PATH]: path,
      "content-type": "application/grpc",
      te: "trailers",
    });
    const answer: Record<string, unknown> = {};
    stream.on("response", (headers) => Object.assign(answer, headers));
    stream.on("trailers", (trailers) => Object.assign(answer, trailers));
    stream.end(body);
    stream.resume();
    await new Promise((resolve, reject) => stream.on("close", resolve).on("error", reject));
    return answer;
  } finally {
    session.close();
  }
}
