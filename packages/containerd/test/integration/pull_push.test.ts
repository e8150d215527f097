import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  createReadStream,
  createWriteStream,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Call } from "../../src/api/call.ts";
import type { Containerd } from "../../src/api/containerd.ts";
import { ContainerdClient } from "../../src/client/index.ts";
import { composeContainerd } from "../../src/compose.ts";
import { defaultConfig } from "../../src/config.ts";
import { exportImages } from "../../src/images/export.ts";
import { importImages } from "../../src/images/import.ts";
import { chainId, digestOf, hasCode, RtError } from "../../src/oci.ts";
import { createRemote, type Remote } from "../../src/remotes/remote.ts";
import { imageOf, storeImage, type TestImage, tarOf } from "../../src/testing/layer.ts";
import type { TransferProgress } from "../../src/transfer/progress.ts";
import { pull } from "../../src/transfer/pull.ts";
import { push } from "../../src/transfer/push.ts";
import { missing, type Peer, startContainerd, startRegistry } from "./peers.ts";

const noPeers = missing("containerd", "ctr", "docker-registry");
const note = noPeers ? ` (skipped: ${noPeers})` : "";

let dir: string;
let registry: Peer;
let peer: Peer;
let remote: Remote;
const parts: AsyncDisposable[] = [];
const containerds = new Map<string, Containerd>();

beforeAll(async () => {
  if (noPeers !== undefined) return;
  dir = mkdtempSync(join(tmpdir(), "rt-pull-"));
  registry = await startRegistry();
  peer = await startContainerd();
  remote = createRemote();
  const own = await composeContainerd({
    ...defaultConfig(),
    root: join(dir, "root"),
    state: join(dir, "state"),
    address: join(dir, "state/containerd.sock"),
    ttrpcAddress: join(dir, "state/containerd.sock.ttrpc"),
  });
  const client = new ContainerdClient({ address: peer.address });
  containerds.set("in process", own).set("real containerd", client);
  parts.push(own, client, peer, registry);
});

afterAll(async () => {
  remote?.[Symbol.dispose]();
  for (const part of parts) await part[Symbol.asyncDispose]();
  if (dir !== undefined) rmSync(dir, { recursive: true, force: true });
});

const layers = [
  tarOf([
    { type: "directory", name: "bin/", mode: 0o755 },
    { type: "file", name: "bin/app", mode: 0o755, body: randomBytes(3_000_000) },
    { type: "file", name: "old", mode: 0o644, body: "old" },
  ]),
  tarOf([
    { type: "file", name: ".wh.old", mode: 0o644 },
    { type: "file", name: "new", mode: 0o644, body: "new" },
  ]),
];
const image = imageOf(layers.map((tar) => ({ tar })));
const dockerImage = imageOf(
  layers.map((tar, i) => ({ tar, compression: i === 0 ? "none" : "gzip" })),
  { docker: true },
);
const top = chainId(layers.map((tar) => digestOf(tar)));

async function leased(containerd: Containerd, namespace: string): Promise<Call> {
  return { namespace, lease: (await containerd.leases.create({}, { namespace })).id };
}

async function digests(containerd: Containerd, call: Call): Promise<string[]> {
  const out: string[] = [];
  for await (const { digest } of containerd.content.list([], call)) out.push(digest);
  return out.sort();
}

for (const name of ["in process", "real containerd"]) {
  describe.skipIf(noPeers)(`pull() and push(), ${name}${note}`, () => {
    const containerd = (): Containerd => containerds.get(name)!;
    const word = name.split(" ")[0];

    for (const [kind, wanted] of [
      ["oci", image],
      ["docker", dockerImage],
    ] as [string, TestImage][]) {
      it(`an image of ${kind} media types goes to a real registry and comes back whole, unpacked`, async () => {
        const from = await leased(containerd(), `${word}-${kind}-from`);
        const to: Call = { namespace: `${word}-${kind}-to` };
        const ref = `${registry.address}/${word}/${kind}:latest`;
        await storeImage(containerd().content, wanted, from);
        await push(containerd(), ref, wanted.target, { remote }, from);
        const seen: TransferProgress[] = [];
        const pulled = await pull(
          containerd(),
          ref,
          { remote, snapshotter: "overlayfs", onProgress: (p) => seen.push(p) },
          to,
        );
        expect(pulled).toMatchObject({ target: { digest: wanted.target.digest }, chainId: top });
        expect((await containerd().images.get(ref, to)).target).toMatchObject(wanted.target);
        expect(await digests(containerd(), to)).toEqual([...wanted.blobs.keys()].sort());
        for (const layer of wanted.layers) {
          const statuses = seen.filter((p) => p.descriptor?.digest === layer.digest).map((p) => p.status);
          expect(statuses[0]).toBe("waiting");
          expect(statuses.slice(-2)).toEqual(["extracting", "complete"]);
          expect(statuses).toContain("verifying");
          const { labels } = await containerd().content.info(layer.digest, to);
          expect(labels["containerd.io/distribution.source.127.0.0.1"]).toContain(`${word}/${kind}`);
          expect(labels["containerd.io/uncompressed"]).toMatch(/^sha256:/);
        }
        const config = await containerd().content.info(wanted.config.digest, to);
        expect(config.labels["containerd.io/gc.ref.snapshot.overlayfs"]).toBe(top);
        // The lease is gone, and nothing with it, also after a collection; with the image, all goes.
        expect(await containerd().leases.list([], to)).toEqual([]);
        await containerd().images.create({ name: "other", target: wanted.target }, to);
        await containerd().images.delete("other", { sync: true }, to);
        expect((await digests(containerd(), to)).length).toBe(wanted.blobs.size);
        expect((await containerd().snapshots.stat({ snapshotter: "overlayfs", key: top }, to)).kind).toBe(
          "committed",
        );
        await containerd().images.delete(ref, { sync: true }, to);
        expect(await digests(containerd(), to)).toEqual([]);
        await expect(
          containerd().snapshots.stat({ snapshotter: "overlayfs", key: top }, to),
        ).rejects.toSatisfy((err) => hasCode(err, "NOT_FOUND"));
      });
    }

    it("several pulls of the same image at once all succeed and leave it once", async () => {
      const fresh = imageOf(
        [0, 1].map((i) => ({ tar: tarOf([{ type: "file", name: `f${i}`, body: randomBytes(500_000) }]) })),
      );
      const from = await leased(containerds.get("real containerd")!, `${word}-many-from`);
      const ref = `${registry.address}/${word}/many:1`;
      await storeImage(containerds.get("real containerd")!.content, fresh, from);
      await push(containerds.get("real containerd")!, ref, fresh.target, { remote }, from);
      const into: Call = { namespace: `${word}-many` };
      const options = { remote, snapshotter: "overlayfs" };
      const pulled = await Promise.all(
        Array.from({ length: 4 }, () => pull(containerd(), ref, options, into)),
      );
      expect(new Set(pulled.map((p) => p.chainId)).size).toBe(1);
      expect(await digests(containerd(), into)).toEqual([...fresh.blobs.keys()].sort());
      const kinds: string[] = [];
      for await (const { kind } of containerd().snapshots.list("overlayfs", [], into)) kinds.push(kind);
      expect(kinds).toEqual(["committed", "committed"]);
      expect(await containerd().leases.list([], into)).toEqual([]);
    });

    it("a blob that the registry has elsewhere is mounted, not sent; a second push sends nothing", async () => {
      const call = await leased(containerd(), `${word}-mount`);
      await storeImage(containerd().content, image, call);
      const statuses = async (ref: string): Promise<string[]> => {
        const last = new Map<string, string>();
        const onProgress = (p: TransferProgress): void => void last.set(p.descriptor!.digest, p.status);
        await push(containerd(), ref, image.target, { remote, onProgress }, call);
        return [...last.values()].sort();
      };
      const [one, two] = [`${registry.address}/${word}/one:1`, `${registry.address}/${word}/two:1`];
      await statuses(one);
      expect(await statuses(two)).toEqual(["complete", "mounted", "mounted", "mounted"]);
      expect(await statuses(two)).toEqual(["exists", "exists", "exists", "exists"]);
    });

    it("what the registry does not have fails with NOT_FOUND and containerd's text, and leaves nothing", async () => {
      const call: Call = { namespace: `${word}-none` };
      const ref = `${registry.address}/no/such:image`;
      const error = await pull(containerd(), ref, { remote }, call).catch((err: unknown) => err);
      expect(hasCode(error, "NOT_FOUND")).toBe(true);
      expect((error as Error).message).toBe(`failed to resolve reference "${ref}": ${ref}: not found`);
      expect(await digests(containerd(), call)).toEqual([]);
      expect(await containerd().images.list([], call)).toEqual([]);
    });

    it("exported, images can be imported by ctr and by us, packed or not", async () => {
      const call = await leased(containerd(), `${word}-export`);
      await storeImage(containerd().content, image, call);
      const file = join(dir, `${word}.tar`);
      const images = ["docker.io/library/a:1", "docker.io/x/b:2"].map((n) => ({
        name: n,
        target: image.target,
      }));
      await pipeline(exportImages(containerd(), images, {}, call), createWriteStream(file));
      const ctr = spawnSync("ctr", ["-a", peer.address, "-n", `${word}-ctr`, "images", "import", file]);
      expect(ctr.stderr.toString()).toBe("");
      expect(ctr.stdout.toString()).toContain("unpacking docker.io/library/a:1");
      const packed = join(dir, `${word}.tgz`);
      await pipeline(
        createReadStream(file),
        (await import("node:zlib")).createGzip(),
        createWriteStream(packed),
      );
      const into: Call = { namespace: `${word}-import` };
      for (const source of [file, packed]) {
        const got = await importImages(
          containerd(),
          createReadStream(source),
          { snapshotter: "overlayfs" },
          into,
        );
        expect(got.map((i) => [i.image?.name, i.target.digest, i.chainId])).toEqual(
          images.map((i) => [i.name, image.target.digest, top]),
        );
      }
      expect((await digests(containerd(), into)).length).toBe(image.blobs.size);
    });

    it("an archive of an older docker save is imported, with links between layers", async () => {
      const call: Call = { namespace: `${word}-legacy` };
      const config = Buffer.from(
        JSON.stringify({
          architecture: "amd64",
          os: "linux",
          config: {},
          rootfs: { type: "layers", diff_ids: [layers[0]!, layers[1]!].map((t) => digestOf(t)) },
        }),
      );
      const tar = tarOf([
        { type: "directory", name: "one/" },
        { type: "file", name: "one/layer.tar", body: layers[0]! },
        { type: "file", name: "one/VERSION", body: "1.0" },
        { type: "symlink", name: "two/layer.tar", linkName: "../real/layer.tar" },
        { type: "file", name: "real/layer.tar", body: layers[1]! },
        { type: "file", name: "abc.json", body: config },
        {
          type: "file",
          name: "manifest.json",
          body: JSON.stringify([
            {
              Config: "abc.json",
              RepoTags: ["app:1", "q.io/app:2"],
              Layers: ["one/layer.tar", "two/layer.tar"],
            },
          ]),
        },
        { type: "file", name: "repositories", body: "{}" },
      ]);
      const got = await importImages(containerd(), one(tar), { snapshotter: "overlayfs" }, call);
      expect(got.map((i) => [i.image?.name, i.chainId])).toEqual([
        ["docker.io/library/app:1", top],
        ["q.io/app:2", top],
      ]);
    });

    it("what is no image archive is refused, and nothing is left", async () => {
      const call: Call = { namespace: `${word}-bad` };
      const wrongBlob = tarOf([{ type: "file", name: `blobs/sha256/${"0".repeat(64)}`, body: "not that" }]);
      for (const [bytes, code] of [
        [Buffer.from("no tar at all".repeat(100)), "INVALID_ARGUMENT"],
        [tarOf([{ type: "file", name: "readme", body: "hello" }]), "INVALID_ARGUMENT"],
        [tarOf([{ type: "file", name: "manifest.json", body: '[{"Config":7}]' }]), "INVALID_ARGUMENT"],
        [
          tarOf([{ type: "file", name: "manifest.json", body: '[{"Config":"../../x","Layers":[]}]' }]),
          "INVALID_ARGUMENT",
        ],
        [wrongBlob, "FAILED_PRECONDITION"],
        [gzipSync(wrongBlob).subarray(0, 60), "INVALID_ARGUMENT"],
      ] as const) {
        const error = await importImages(containerd(), one(bytes), {}, call).catch((err: unknown) => err);
        expect(hasCode(error, code), String(error)).toBe(true);
      }
      expect(await containerd().images.list([], call)).toEqual([]);
      expect(await containerd().leases.list([], call)).toEqual([]);
      expect(await containerd().content.statuses([], call)).toEqual([]);
    });
  });
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

describe.skipIf(noPeers)(`pull() from a registry that misbehaves${note}`, () => {
  /** Stands before the registry and breaks what `spoil` tells it to. */
  async function proxied<T>(
    spoil: (
      req: IncomingMessage,
      res: ServerResponse,
      body: Buffer,
      headers: Headers,
      status: number,
    ) => boolean,
    work: (address: string) => Promise<T>,
  ): Promise<T> {
    const server = createServer(async (req, res) => {
      const answer = await fetch(`http://${registry.address}${req.url}`, {
        method: req.method!,
        headers: req.headers.range
          ? { range: req.headers.range, accept: req.headers.accept ?? "*/*" }
          : { accept: req.headers.accept ?? "*/*" },
      });
      const body = Buffer.from(await answer.arrayBuffer());
      if (spoil(req, res, body, answer.headers, answer.status)) return;
      const headers = Object.fromEntries(answer.headers);
      res.writeHead(answer.status, headers);
      res.end(req.method === "HEAD" ? undefined : body);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      return await work(`127.0.0.1:${(server.address() as AddressInfo).port}`);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  const own = (): Containerd => containerds.get("in process")!;
  // Pushed from the other containerd and new for each case: a store does not fetch what it has in any namespace.
  let image: TestImage;
  let big: TestImage["layers"][0];
  let spoilt: string;
  let cases = 0;
  beforeEach(async () => {
    image = imageOf([
      { tar: tarOf([{ type: "file", name: "big", mode: 0o644, body: randomBytes(3_000_000) }]) },
    ]);
    big = image.layers[0]!;
    spoilt = `spoilt:${cases++}`;
    const client = containerds.get("real containerd")!;
    const call = await leased(client, "spoilt");
    await storeImage(client.content, image, call);
    await push(client, `${registry.address}/${spoilt}`, image.target, { remote }, call);
  });

  it("a connection that breaks again and again is taken up where it broke", async () => {
    const ranges: (string | undefined)[] = [];
    await proxied(
      (req, res, body, headers, status) => {
        if (!req.url!.endsWith(big.digest) || req.method !== "GET" || ranges.length >= 4) return false;
        ranges.push(req.headers.range);
        res.writeHead(status, Object.fromEntries(headers));
        res.write(body.subarray(0, 500_000), () => setTimeout(() => res.destroy(), 20));
        return true;
      },
      async (address) => {
        await pull(own(), `${address}/${spoilt}`, { remote }, { namespace: "resumed" });
      },
    );
    expect(ranges[0]).toBeUndefined();
    expect(ranges.length).toBe(4);
    for (const range of ranges.slice(1)) expect(range).toMatch(/^bytes=[1-9]\d+-$/);
    expect((await digests(own(), { namespace: "resumed" })).length).toBe(image.blobs.size);
  });

  it("503 and 429 are tried again", async () => {
    let refused = 0;
    await proxied(
      (req, res) => {
        if (!req.url!.includes("/blobs/") || refused >= 3) return false;
        res.writeHead(refused++ % 2 ? 503 : 429).end();
        return true;
      },
      (address) => pull(own(), `${address}/${spoilt}`, { remote }, { namespace: "busy" }),
    );
    expect(refused).toBe(3);
  });

  it("bytes with another digest are refused and thrown away", async () => {
    const call: Call = { namespace: "forged" };
    const error = await proxied(
      (req, res, body, headers, status) => {
        if (!req.url!.endsWith(big.digest)) return false;
        res.writeHead(status, Object.fromEntries(headers));
        body[1000]! ^= 1;
        res.end(body);
        return true;
      },
      (address) => pull(own(), `${address}/${spoilt}`, { remote }, call).catch((err: unknown) => err),
    );
    expect(error).toBeInstanceOf(RtError);
    expect(hasCode(error, "FAILED_PRECONDITION"), String(error)).toBe(true);
    expect(await own().images.list([], call)).toEqual([]);
    expect((await own().content.statuses([], call)).filter((s) => s.ref.includes(big.digest))).toEqual([]);
  });

  it("more bytes than announced are refused", async () => {
    const error = await proxied(
      (req, res, body) => {
        if (!req.url!.endsWith(big.digest)) return false;
        res.writeHead(200, { "content-type": "application/octet-stream" });
        res.end(Buffer.concat([body, Buffer.alloc(10)]));
        return true;
      },
      (address) =>
        pull(own(), `${address}/${spoilt}`, { remote }, { namespace: "long" }).catch((err: unknown) => err),
    );
    expect(hasCode(error, "DATA_LOSS"), String(error)).toBe(true);
  });

  it("a manifest larger than 8 MiB is refused unread", async () => {
    const error = await proxied(
      (req, res) => {
        if (!req.url!.includes("/manifests/")) return false;
        res.writeHead(200, { "content-type": "application/vnd.oci.image.manifest.v1+json" });
        res.end(req.method === "HEAD" ? undefined : Buffer.alloc(9 * 1024 * 1024, " "));
        return true;
      },
      (address) =>
        pull(own(), `${address}/${spoilt}`, { remote }, { namespace: "huge" }).catch((err: unknown) => err),
    );
    expect(hasCode(error, "OUT_OF_RANGE"), String(error)).toBe(true);
  });

  it("a layer that is not what the config says is not committed", async () => {
    const call = await leased(own(), "mixed");
    const other = imageOf([{ tar: tarOf([{ type: "file", name: "other", body: "x" }]) }]);
    const mixed = {
      schemaVersion: 2,
      mediaType: image.target.mediaType,
      config: image.config,
      layers: [other.layers[0]],
    };
    const bytes = Buffer.from(JSON.stringify(mixed));
    const target = { mediaType: image.target.mediaType, digest: digestOf(bytes), size: bytes.length };
    const blobs = new Map([...image.blobs, ...other.blobs, [target.digest, { descriptor: target, bytes }]]);
    await storeImage(own().content, { ...image, target, blobs } as TestImage, call);
    await push(own(), `${registry.address}/mixed:1`, target, { remote }, call);
    const into: Call = { namespace: "mixed-into" };
    const options = { remote, snapshotter: "overlayfs" };
    const error = await pull(own(), `${registry.address}/mixed:1`, options, into).catch(
      (err: unknown) => err,
    );
    expect((error as Error).message).toContain("wrong diff id");
    const left: string[] = [];
    for await (const { name } of own().snapshots.list("overlayfs", [], into)) left.push(name);
    expect(left).toEqual([]);
    expect(await own().images.list([], into)).toEqual([]);
  });

  it("cancelled, it stops and leaves no image and no lease", async () => {
    const call: Call = { namespace: "cancelled" };
    const stop = new AbortController();
    const error = await proxied(
      (req, res, body, headers, status) => {
        if (!req.url!.endsWith(big.digest)) return false;
        res.writeHead(status, Object.fromEntries(headers));
        res.write(body.subarray(0, 100_000));
        setTimeout(() => stop.abort(), 50);
        return true; // and never ends
      },
      (address) =>
        pull(own(), `${address}/${spoilt}`, { remote }, { ...call, signal: stop.signal }).catch(
          (err: unknown) => err,
        ),
    );
    expect(hasCode(error, "CANCELED"), String(error)).toBe(true);
    expect(await own().images.list([], call)).toEqual([]);
    expect(await own().leases.list([], call)).toEqual([]);
  });
});

describe.skipIf(noPeers)(`a registry with tokens${note}`, () => {
  it("pull() and push() answer its challenge, with the scopes that they need", async () => {
    const scopes: string[] = [];
    const tokens = createServer((req, res) => {
      const url = new URL(req.url!, "http://x");
      scopes.push(url.searchParams.getAll("scope").join(" "));
      const basic = Buffer.from((req.headers.authorization ?? "").replace("Basic ", ""), "base64").toString();
      if (basic !== "me:secret")
        return void res.writeHead(401).end('{"errors":[{"code":"UNAUTHORIZED","message":"no"}]}');
      res.end(JSON.stringify({ token: `t-${scopes.length}`, expires_in: 300 }));
    });
    await new Promise<void>((resolve) => tokens.listen(0, "127.0.0.1", resolve));
    const realm = `http://127.0.0.1:${(tokens.address() as AddressInfo).port}/token`;
    const guard = createServer((req, res) => {
      if (!/^Bearer t-/.test(req.headers.authorization ?? "")) {
        res.writeHead(401, { "www-authenticate": `Bearer realm="${realm}",service="reg",scope="x"` });
        return void res.end('{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}');
      }
      const chunks: Buffer[] = [];
      req
        .on("data", (c) => chunks.push(c))
        .on("end", async () => {
          const {
            authorization: _,
            host: __,
            connection: ___,
            ...headers
          } = req.headers as Record<string, string>;
          delete headers["content-length"];
          const answer = await fetch(`http://${registry.address}${req.url}`, {
            method: req.method!,
            headers,
            ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
          });
          const out = Object.fromEntries(answer.headers);
          if (out.location) out.location = new URL(out.location).pathname + new URL(out.location).search;
          res.writeHead(answer.status, out);
          res.end(req.method === "HEAD" ? undefined : Buffer.from(await answer.arrayBuffer()));
        });
    });
    await new Promise<void>((resolve) => guard.listen(0, "127.0.0.1", resolve));
    const host = `127.0.0.1:${(guard.address() as AddressInfo).port}`;
    const own = containerds.get("in process")!;
    const call = await leased(own, "tokens");
    await storeImage(own.content, image, call);
    try {
      using known = createRemote({
        credentials: (h) => (h === host ? { username: "me", password: "secret" } : undefined),
      });
      await push(own, `${host}/private/app:1`, image.target, { remote: known }, call);
      await pull(own, `${host}/private/app:1`, { remote: known }, { namespace: "tokens-into" });
      expect(new Set(scopes)).toEqual(
        new Set(["repository:private/app:pull,push", "repository:private/app:pull"]),
      );
      expect(scopes.length).toBeLessThan(12);
      using unknown = createRemote();
      const error = await pull(own, `${host}/private/app:1`, { remote: unknown }, call).catch(
        (err: unknown) => err,
      );
      expect(hasCode(error, "UNAUTHENTICATED"), String(error)).toBe(true);
    } finally {
      for (const server of [tokens, guard]) {
        server.closeAllConnections();
        server.close();
      }
    }
  });

  it("hosts.toml puts a mirror in front, and the registry itself answers what the mirror has not", async () => {
    const own = containerds.get("in process")!;
    const call = await leased(own, "mirrors");
    await storeImage(own.content, image, call);
    await push(own, `${registry.address}/mirrored:1`, image.target, { remote }, call);
    const asked: string[] = [];
    const empty = createServer((req, res) => {
      asked.push(req.url!);
      res.writeHead(404).end();
    });
    await new Promise<void>((resolve) => empty.listen(0, "127.0.0.1", resolve));
    const hosts = join(dir, "hosts");
    spawnSync("mkdir", ["-p", join(hosts, "example.invalid")]);
    writeFileSync(
      join(hosts, "example.invalid/hosts.toml"),
      `server = "http://${registry.address}"\n[host."http://127.0.0.1:${(empty.address() as AddressInfo).port}"]\n  capabilities = ["pull", "resolve"]\n`,
    );
    try {
      using mirrored = createRemote({ hostsDir: hosts });
      const pulled = await pull(
        own,
        "example.invalid/mirrored:1",
        { remote: mirrored },
        { namespace: "mirrors-into" },
      );
      expect(pulled.target.digest).toBe(image.target.digest);
      expect(asked[0]).toBe("/v2/mirrored/manifests/1?ns=example.invalid");
    } finally {
      empty.closeAllConnections();
      empty.close();
    }
  });
});

const noTls = noPeers ?? missing("openssl");

describe.skipIf(noTls)(`a registry with TLS${noTls ? ` (skipped: ${noTls})` : ""}`, () => {
  it("its certificate is verified, unless it is on the loopback or named insecure; ca in hosts.toml counts", async () => {
    const cert = join(dir, "cert.pem");
    const key = join(dir, "key.pem");
    const subject = [
      "-subj",
      "/CN=registry.test",
      "-addext",
      "subjectAltName=DNS:registry.test,IP:127.0.0.1",
    ];
    spawnSync("openssl", [
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-keyout",
      key,
      "-out",
      cert,
      "-days",
      "2",
      ...subject,
    ]);
    let requests = 0;
    const sockets = new Set<unknown>();
    const server = createTlsServer({ cert: readFileSync(cert), key: readFileSync(key) }, async (req, res) => {
      requests++;
      sockets.add(req.socket);
      const headers = { accept: req.headers.accept ?? "*/*" };
      const answer = await fetch(`http://${registry.address}${req.url}`, { method: req.method!, headers });
      const {
        connection: _,
        date: __,
        ...kept
      } = Object.fromEntries(answer.headers) as Record<string, string>;
      res.writeHead(answer.status, kept);
      res.end(req.method === "HEAD" ? undefined : Buffer.from(await answer.arrayBuffer()));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const own = containerds.get("in process")!;
    const call = await leased(own, "tls");
    await storeImage(own.content, image, call);
    await push(own, `${registry.address}/tls:1`, image.target, { remote }, call);
    try {
      const got = await remote.resolve(`127.0.0.1:${port}/tls:1`);
      expect(got.descriptor.digest).toBe(image.target.digest);
      // The same server by a name that is not the loopback's.
      const hosts = join(dir, "tls-hosts/registry.test");
      mkdirSync(hosts, { recursive: true });
      const config = (more: string): void =>
        writeFileSync(
          join(hosts, "hosts.toml"),
          `server = "https://strict.test"\n[host."https://strict.test:${port}"]\n${more}\n`,
        );
      config("");
      using strict = createRemote({ hostsDir: join(dir, "tls-hosts") });
      const error = await strict.resolve("registry.test/tls:1").catch((err: unknown) => err);
      expect(hasCode(error, "UNAVAILABLE"), String(error)).toBe(true);
      writeFileSync(join(hosts, "hosts.toml"), `[host."https://127.0.0.1:${port}"]\nca = "${cert}"\n`);
      requests = 0;
      sockets.clear();
      using trusting = createRemote({ hostsDir: join(dir, "tls-hosts") });
      await pull(own, "registry.test/tls:1", { remote: trusting }, { namespace: "tls-into" });
      expect(requests).toBeGreaterThan(0);
      for (let i = 0; i < 5; i++) await trusting.resolve("registry.test/tls:1");
      expect(sockets.size).toBeLessThan(5); // connections are kept
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
