/** The network controller on the real kernel: namespaces, bridge, NAT, published ports, and nothing left of them. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Kernel, spawnKernel } from "@rt/containerd/kernel";
import { hasCode } from "@rt/containerd/oci";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { linuxNftables } from "../../src/host/nftables.ts";
import { removeFirewall } from "../../src/network/bridge/firewall.ts";
import { deleteLink } from "../../src/network/bridge/link.ts";
import { networkController } from "../../src/network/controller.ts";
import type { NetworkController, SandboxRequest } from "../../src/network/network.ts";

const nft = spawnSync("nft", ["--version"]).status === 0;
const skip = process.getuid?.() !== 0 ? "needs root" : nft ? undefined : "needs nft";
const BRIDGE = "rtbrtest";

describe.skipIf(skip !== undefined)(
  `network controller${skip === undefined ? "" : ` (skipped: ${skip})`}`,
  () => {
    const dir = mkdtempSync(join(tmpdir(), "rt-net-"));
    let kernel: Kernel;
    let controller: NetworkController;
    const options = {
      netnsDir: join(dir, "netns"),
      dataDir: join(dir, "network"),
      bridge: BRIDGE,
      bridgeAddress: "172.30.0.1/24",
      firewall: true,
      userlandProxy: true,
      ipForward: true,
    };
    const request = (id: string, more: Partial<SandboxRequest> = {}): SandboxRequest => ({
      containerId: id.padEnd(64, "0"),
      name: id,
      hostname: id,
      domainname: "",
      networkMode: "bridge",
      endpoints: {},
      exposedPorts: {},
      portBindings: {},
      publishAllPorts: false,
      dns: [],
      dnsSearch: [],
      dnsOptions: [],
      sysctls: {},
      ...more,
    });
    const inside = (key: string, ...command: string[]): string =>
      execFileSync("nsenter", [`--net=${key}`, ...command], { encoding: "utf8" });

    beforeAll(async () => {
      kernel = spawnKernel();
      controller = networkController({ kernel, nft: linuxNftables() }, options);
      await controller.restore([]);
    });
    afterAll(async () => {
      await controller?.[Symbol.asyncDispose]();
      await deleteLink(kernel, BRIDGE);
      await removeFirewall(linuxNftables(), BRIDGE);
      await kernel?.[Symbol.asyncDispose]();
      rmSync(dir, { recursive: true });
      expect(existsSync(`/sys/class/net/${BRIDGE}`)).toBe(false);
      expect(execFileSync("nft", ["list", "tables"], { encoding: "utf8" })).not.toContain(BRIDGE);
    });

    test("a bridge sandbox has address, route and lo, and reaches the gateway and its neighbour", async () => {
      const a = await controller.allocate(request("aaaaaaa"));
      await controller.allocate(request("bbbbbbb"));
      const settings = a.endpoints.bridge;
      expect(settings).toMatchObject({ IPAddress: "172.30.0.2", IPPrefixLen: 24, Gateway: "172.30.0.1" });
      expect(settings?.MacAddress).toBe("02:42:ac:1e:00:02");
      expect(a.hostsLines).toEqual(["172.30.0.2\taaaaaaa"]);
      expect(inside(a.key, "ip", "-4", "-o", "addr")).toMatch(
        /lo .*127\.0\.0\.1\/8[\s\S]*eth0 .*172\.30\.0\.2\/24/,
      );
      expect(inside(a.key, "ip", "route")).toContain("default via 172.30.0.1 dev eth0");
      expect(inside(a.key, "busybox", "ping", "-c1", "-W2", "172.30.0.1")).toContain("1 packets received");
      expect(inside(a.key, "busybox", "ping", "-c1", "-W2", "172.30.0.3")).toContain("1 packets received");
      expect(Object.keys((await controller.inspect("bridge")).Containers)).toHaveLength(2);
      await controller.release(request("aaaaaaa").containerId);
      await controller.release(request("bbbbbbb").containerId);
      await controller[Symbol.asyncDispose]();
      expect(readdirSync(options.netnsDir)).toEqual([]);
      expect(
        readdirSync("/sys/class/net").filter(
          (n) => n.startsWith("vethaaaaaaa") || n.startsWith("vethbbbbbbb"),
        ),
      ).toEqual([]);
    });

    test("a published port is served by NAT and, on loopback, by the proxy, both ways and with half close", async () => {
      const id = request("ccccccc").containerId;
      const port = { "7/tcp": [{ HostIp: "", HostPort: "17907" }] };
      const s = await controller.allocate(request("ccccccc", { portBindings: port }));
      expect(s.ports["7/tcp"]?.[0]).toEqual({ HostIp: "0.0.0.0", HostPort: "17907" });
      const server = spawnSync("sh", [
        "-c",
        `nsenter --net=${s.key} busybox nc -ll -p 7 -e busybox cat >/dev/null 2>&1 & echo $!`,
      ]);
      const pid = Number(server.stdout.toString());
      try {
        const text = "x".repeat(300_000);
        await expect.poll(() => roundTrip("127.0.0.1", 17907, text), { timeout: 5_000 }).toBe(text);
        expect(await roundTrip("172.30.0.1", 17907, text)).toBe(text);
        const clash = controller.allocate(request("ddddddd", { portBindings: port }));
        await expect(clash).rejects.toThrow(/Bind for 0\.0\.0\.0:17907 failed: port is already allocated/);
      } finally {
        process.kill(pid);
        await controller.release(id);
      }
      expect(await roundTrip("127.0.0.1", 17907, "x")).toBe("ECONNREFUSED");
      expect(execFileSync("nft", ["list", "table", "ip", BRIDGE], { encoding: "utf8" })).not.toContain(
        "17907",
      );
    });

    test("a port that a stranger holds is refused in Docker's words, and nothing is left", async () => {
      const stranger = createServer().listen(17908, "0.0.0.0");
      await new Promise((resolve) => stranger.once("listening", resolve));
      const port = { "80/tcp": [{ HostIp: "0.0.0.0", HostPort: "17908" }] };
      const clash = controller.allocate(request("eeeeeee", { portBindings: port }));
      await expect(clash).rejects.toThrow(
        /driver failed programming external connectivity on endpoint eeeeeee \([0-9a-f]{64}\): Error starting userland proxy: listen tcp4 0\.0\.0\.0:17908: bind: address already in use/,
      );
      stranger.close();
      expect(readdirSync(options.netnsDir)).toEqual([]);
      expect(existsSync("/sys/class/net/vetheeeeeee")).toBe(false);
    });

    test("a restarted controller keeps a running container's address and can release it", async () => {
      const r = request("fffffff");
      const sandbox = await controller.allocate(r);
      const second = networkController({ kernel, nft: linuxNftables() }, options);
      await second.restore([{ request: r, sandbox }]);
      expect(Object.keys((await second.inspect("bridge")).Containers)).toEqual([r.containerId]);
      const pin = { bridge: { IPAMConfig: { IPv4Address: sandbox.endpoints.bridge?.IPAddress ?? "" } } };
      await expect(second.allocate(request("bbbbbbc", { endpoints: pin }))).rejects.toThrow(
        /Address already in use/,
      );
      await second.release(r.containerId);
      await second[Symbol.asyncDispose]();
      expect(readdirSync(options.netnsDir)).toEqual([]);
      expect(existsSync("/sys/class/net/vethfffffff")).toBe(false);
    });

    test("restore() releases what an earlier engine left for containers that have ended", async () => {
      const gone = await controller.allocate(request("ccccccd"));
      const kept = await controller.allocate(request("ccccccf"));
      const second = networkController({ kernel, nft: linuxNftables() }, options);
      await second.restore([{ request: request("ccccccf"), sandbox: kept }]);
      expect(existsSync(gone.key)).toBe(false);
      expect(existsSync("/sys/class/net/vethccccccd")).toBe(false);
      expect(inside(kept.key, "busybox", "ping", "-c1", "-W2", "172.30.0.1")).toContain("1 packets received");
      await second.release(request("ccccccf").containerId);
      await second[Symbol.asyncDispose]();
    });

    test("unknown networks are NOT_FOUND in Docker's words", async () => {
      const error = await controller
        .allocate(request("bbbbbbd", { networkMode: "nope" }))
        .catch((e: unknown) => e);
      expect(hasCode(error, "NOT_FOUND")).toBe(true);
      expect(String(error)).toContain("network nope not found");
    });
  },
);

/** Sends `text`, half-closes, and gives what came back, or the error's code. */
function roundTrip(host: string, port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    let got = "";
    const socket = connect({ host, port, allowHalfOpen: true }, () => socket.end(text));
    socket.setEncoding("utf8").on("data", (d: string) => (got += d));
    socket.once("end", () => resolve(got));
    socket.once("error", (e: NodeJS.ErrnoException) => resolve(e.code ?? "error"));
  });
}
