/**
 * Imports a root file system as an image of one layer.
 *
 * The archive is kept as it comes, packed or not; its uncompressed digest is found while it is written.
 * Source: moby `daemon/containerd/image_import.go`.
 *
 * @module
 */
import { createHash, randomUUID } from "node:crypto";
import { type Transform, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { addLabels, childrenLabels, unpackManifest, withLease } from "@rt/containerd";
import type { Call, Containerd } from "@rt/containerd/api";
import type { ImageImportOptions } from "../api/engine.ts";
import { hasCode, InvalidParameterError, messageOf } from "../errors.ts";
import {
  type Descriptor,
  digestOf,
  formatReference,
  hostPlatform,
  type ImageConfig,
  type Manifest,
  MEDIA_TYPE,
  parseFamiliar,
  parsePlatform,
  withDefaultTag,
  withTag,
} from "../oci.ts";
import { NAMESPACE } from "./contents.ts";
import { applyChanges } from "./dockerfile_changes.ts";
import { setName } from "./names.ts";
import { DANGLING } from "./store.ts";

/** What the first bytes say about the packing. */
function packingOf(head: Uint8Array): { mediaType: string; unpack: (() => Transform) | undefined } {
  const starts = (...bytes: number[]): boolean => bytes.every((byte, i) => head[i] === byte);
  if (starts(0x1f, 0x8b)) return { mediaType: MEDIA_TYPE.layerGzip, unpack: createGunzip };
  if (starts(0x28, 0xb5, 0x2f, 0xfd))
    return { mediaType: MEDIA_TYPE.layerZstd, unpack: createZstdDecompress };
  if (starts(0x42, 0x5a, 0x68) || starts(0xfd, 0x37, 0x7a, 0x58, 0x5a)) {
    throw new InvalidParameterError(
      "cannot import image: the archive is packed with bzip2 or xz; use gzip or zstd",
    );
  }
  return { mediaType: MEDIA_TYPE.layer, unpack: undefined };
}

/** Writes the archive to content. */
async function writeLayer(
  containerd: Containerd,
  tar: AsyncIterable<Uint8Array>,
  call: Call,
): Promise<{ descriptor: Descriptor; diffId: string }> {
  await using writer = await containerd.content.writer({ ref: `import-${randomUUID()}` }, call);
  const packed = createHash("sha256");
  const plain = createHash("sha256");
  let size = 0;
  let packing: ReturnType<typeof packingOf> | undefined;
  let unpacker: Transform | undefined;
  let unpacked: Promise<void> | undefined;
  for await (const chunk of tar) {
    if (packing === undefined) {
      packing = packingOf(chunk);
      unpacker = packing.unpack?.();
      if (unpacker !== undefined) {
        const sink = new Writable({
          write(data: Uint8Array, _encoding, done) {
            plain.update(data);
            done();
          },
        });
        unpacked = pipeline(unpacker, sink);
        unpacked.catch(() => {});
      }
    }
    packed.update(chunk);
    size += chunk.length;
    if (unpacker === undefined) plain.update(chunk);
    else if (!unpacker.write(chunk)) {
      await Promise.race([new Promise((resolve) => unpacker!.once("drain", resolve)), unpacked]);
    }
    await writer.write(chunk);
  }
  if (packing === undefined) throw new InvalidParameterError("cannot import image: the archive is empty");
  unpacker?.end();
  await unpacked?.catch((cause) => {
    throw new InvalidParameterError(`cannot import image: ${messageOf(cause)}`, { cause });
  });
  const digest = `sha256:${packed.digest("hex")}`;
  const diffId = `sha256:${plain.digest("hex")}`;
  const labels = { "containerd.io/uncompressed": diffId };
  await writer.commit({ size, expected: digest, labels }).catch((err) => {
    if (!hasCode(err, "ALREADY_EXISTS")) throw err;
  });
  return { descriptor: { mediaType: packing.mediaType, digest, size }, diffId };
}

/** Writes a document to content. */
export async function writeDocument(
  containerd: Pick<Containerd, "content">,
  mediaType: string,
  document: object,
  labels: Readonly<Record<string, string>>,
  call: Call,
): Promise<Descriptor> {
  const bytes = new TextEncoder().encode(JSON.stringify(document));
  const digest = digestOf(bytes);
  const descriptor = { mediaType, digest, size: bytes.length };
  try {
    await using writer = await containerd.content.writer(
      { ref: `document-${digest}-${randomUUID()}`, total: bytes.length, expected: digest },
      call,
    );
    await writer.write(bytes);
    await writer.commit({ size: bytes.length, expected: digest, labels });
  } catch (err) {
    if (!hasCode(err, "ALREADY_EXISTS")) throw err;
    await addLabels(containerd.content, digest, labels, call);
  }
  return descriptor;
}

/** What an import made. */
export interface Imported {
  readonly id: string;
  /** Name in containerd. */
  readonly name: string;
}

/** Imports `tar`. @throws {InvalidParameterError} for a bad name, change or archive; nothing has been named then. */
export async function importImage(
  containerd: Containerd,
  tar: AsyncIterable<Uint8Array>,
  options: ImageImportOptions & { readonly snapshotter: string },
): Promise<Imported> {
  const asked = options.repo === undefined ? undefined : parseFamiliar(options.repo);
  const named =
    asked === undefined ? undefined : withDefaultTag(options.tag ? withTag(asked, options.tag) : asked);
  const platform = options.platform === undefined ? hostPlatform() : parsePlatform(options.platform);
  const run = applyChanges({}, options.changes ?? []);
  const base: Call = {
    namespace: NAMESPACE,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  };
  return await withLease(containerd.leases, base, async (call) => {
    const layer = await writeLayer(containerd, tar, call);
    const created = new Date().toISOString();
    const comment = options.message || "Imported from -";
    const config: ImageConfig = {
      created,
      architecture: platform.architecture,
      os: platform.os,
      ...(platform.variant === undefined ? {} : { variant: platform.variant }),
      config: run,
      rootfs: { type: "layers", diff_ids: [layer.diffId] },
      history: [{ created, comment }],
    };
    const configDescriptor = await writeDocument(containerd, MEDIA_TYPE.config, config, {}, call);
    const manifest: Manifest = {
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.manifest,
      config: configDescriptor,
      layers: [layer.descriptor],
    };
    const labels = childrenLabels([configDescriptor, layer.descriptor]);
    const target = await writeDocument(containerd, MEDIA_TYPE.manifest, manifest, labels, call);
    await unpackManifest(containerd, manifest, { snapshotter: options.snapshotter }, call);
    const name = named === undefined ? `${DANGLING}${target.digest}` : formatReference(named);
    await setName(containerd.images, name, target, call.lease);
    return { id: configDescriptor.digest, name };
  });
}
