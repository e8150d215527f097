/** The shim's program by itself: `start` in both tongues, groups, stale sockets, `-info`, leaving. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fromBinary } from "@bufbuild/protobuf";
import { afterAll, afterEach, beforeEach, describe, test } from "vitest";
import { RuntimeInfoSchema } from "../../src/api/gen/containerd/types/introspection_pb.ts";
import { ShimClient, startShim } from "../../src/client/index.ts";
import { runProgram } from "../../src/host/program.ts";
import { socketPath } from "../../src/host/unix_socket.ts";
import { makeBundle } from "../../src/testing/index.ts";
import { sourceProgram, unable } from "../support/program.ts";

function suite(): void {
  const ours = sourceProgram();
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "rt-start-"));
  });
  afterEach(async () => {
    // The services that were started here leave by themselves.
    for (let i = 0; i < 100 && existsSync(join(directory, "s")); i++) {
      const { stdout } = await runProgram({
        path: "/bin/ls",
        args: [join(directory, "s")],
        cwd: "/",
        env: {},
      });
      if (!/^[0-9a-f]{64}$/m.test(Buffer.from(stdout).toString())) break;
      await sleep(50);
    }
    rmSync(directory, { recursive: true, force: true });
  });
  afterAll(() => ours.remove());

  const bundle = (id: string, annotations: Record<string, string> = {}): string => {
    const path = join(directory, "tasks", id);
    makeBundle({ id, directory: path, args: ["/bin/true"], annotations });
    return path;
  };

  const start = (
    id: string,
    path: string,
    stdin: "params" | "options" = "params",
  ): ReturnType<typeof startShim> =>
    startShim({
      runtime: join(ours.directory, "containerd-shim-rt-v2"),
      ...{ id, bundle: path, namespace: "rt-start", stdin },
      address: join(directory, "c.sock"),
      path: process.env.PATH ?? "",
      env: { RT_SHIM_SOCKET_DIR: join(directory, "s"), RT_SHIM_LINGER_MS: "600" },
    });

  const main = (args: readonly string[], stdin?: Uint8Array): ReturnType<typeof runProgram> =>
    runProgram({
      path: join(ours.directory, "containerd-shim-rt-v2"),
      ...{ args, cwd: directory, env: { PATH: process.env.PATH } },
      ...(stdin === undefined ? {} : { stdin }),
    });

  describe("containerd-shim-rt-v2", () => {
    test("start answers in the tongue of who asks, and writes the address into the bundle", async () => {
      const path = bundle("rt-a");
      const modern = await start("rt-a", path, "params");
      const classic = await start("rt-a", path, "options");
      assert.deepEqual([modern.version, classic.version], [3, 2]);
      assert.equal(modern.address, classic.address);
      assert.equal(readFileSync(join(path, "address"), "utf8"), modern.address);
      const socket = socketPath(modern.address);
      assert.equal(statSync(socket).mode & 0o777, 0o600);
      assert.equal(statSync(join(directory, "s")).mode & 0o777, 0o711);
    });

    test("containers of a pod share a service, those without share another", async () => {
      const pod = { "io.kubernetes.cri.sandbox-id": "pod-1" };
      const [a, b, c, d] = await Promise.all([
        start("rt-a", bundle("rt-a", pod)),
        start("rt-b", bundle("rt-b", pod)),
        start("rt-c", bundle("rt-c")),
        start("rt-d", bundle("rt-d")),
      ]);
      assert.equal(a?.address, b?.address);
      assert.equal(c?.address, d?.address);
      assert.notEqual(a?.address, c?.address);
    });

    test("a socket that nobody listens at is replaced", async () => {
      const path = bundle("rt-a");
      const first = await start("rt-a", path);
      await using client = await ShimClient.connect(first, "rt-start");
      const { shimPid } = await client.connect({ id: "rt-a" });
      process.kill(shimPid, "SIGKILL");
      await client.closed;
      assert.ok(existsSync(socketPath(first.address)));
      const second = await start("rt-a", path);
      assert.equal(second.address, first.address);
      await using again = await ShimClient.connect(second, "rt-start");
      assert.notEqual((await again.connect({ id: "rt-a" })).shimPid, shimPid);
    });

    test("a service that nobody needs leaves, and takes its socket along", async () => {
      const { address } = await start("rt-a", bundle("rt-a"));
      const client = await ShimClient.connect({ address, version: 3, protocol: "ttrpc" }, "rt-start");
      const { shimPid } = await client.connect({ id: "rt-a" });
      await sleep(1500);
      assert.ok(existsSync(`/proc/${shimPid}`), "a service with a client stays");
      await client[Symbol.asyncDispose]();
      for (let i = 0; i < 100 && existsSync(`/proc/${shimPid}`); i++) await sleep(50);
      assert.ok(!existsSync(`/proc/${shimPid}`));
      assert.ok(!existsSync(socketPath(address)));
    });

    test("a service that is told to leave now does", async () => {
      const shim = await start("rt-a", bundle("rt-a"));
      await using client = await ShimClient.connect(shim, "rt-start");
      await client.shutdown({ id: "", now: true });
      await client.closed;
      assert.ok(!existsSync(socketPath(shim.address)));
    });

    test("start without a readable config.json fails, says why and starts nothing", async () => {
      const path = bundle("rt-a");
      rmSync(join(path, "config.json"));
      await assert.rejects(start("rt-a", path), /cannot read config.json: no such file or directory/);
      writeFileSync(join(path, "config.json"), "{");
      await assert.rejects(start("rt-a", path), /cannot read config.json: .*JSON/);
      assert.ok(!existsSync(join(directory, "s")));
    });

    test("-info tells the runtime's name, -v the version, bad flags fail", async () => {
      const info = fromBinary(RuntimeInfoSchema, (await main(["-info"], new Uint8Array())).stdout);
      assert.equal(info.name, "io.containerd.rt.v2");
      assert.match(
        Buffer.from((await main(["-v"])).stdout).toString(),
        /^containerd-shim-rt-v2:\n {2}Version: /,
      );
      const bad = await main(["-what"]);
      assert.equal(bad.code, 1);
      assert.match(Buffer.from(bad.stderr).toString(), /flag provided but not defined: -what/);
    });

    test("delete of a bundle that was never used says killed, as the peers do", async () => {
      const path = bundle("rt-a");
      const { code } = await main(["-namespace", "n", "-id", "rt-a", "-bundle", path, "delete"]);
      assert.equal(code, 0);
    });
  });
}

if (unable !== undefined) test.skip(`containerd-shim-rt-v2: ${unable}`, () => {});
else suite();
