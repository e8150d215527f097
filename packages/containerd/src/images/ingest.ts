/**
 * Puts bytes into the content store, digest known or not.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import type { Call, Labels } from "../api/call.ts";
import type { Content, ContentWriter } from "../api/content.ts";
import { createDigester, type Descriptor, digestOf, hasCode } from "../oci.ts";
import { addLabels } from "./read.ts";

/** What {@linkcode ingestStream} knows of the bytes beforehand. */
export interface IngestOptions {
  readonly expected?: string;
  readonly labels?: Labels;
}

/**
 * Stores `source` whole. Where `expected` is there already, the source is read past and the blob kept.
 *
 * @throws {RtError} `FAILED_PRECONDITION` if the bytes have another digest than expected.
 */
export async function ingestStream(
  content: Content,
  source: AsyncIterable<Uint8Array>,
  options: IngestOptions,
  call: Call,
): Promise<{ readonly digest: string; readonly size: number }> {
  const { expected, labels = {} } = options;
  const ref = `import-${randomBytes(12).toString("hex")}`;
  const opened = await openUnlessThere(content, ref, expected, call);
  if (opened === undefined) {
    for await (const _ of source);
    await addLabels(content, expected!, labels, call);
    return { digest: expected!, size: (await content.info(expected!, call)).size };
  }
  await using writer = opened;
  try {
    // The store computes the digest too, but does not tell it when it has the blob.
    const digester = expected === undefined ? createDigester() : undefined;
    // Not 0 if another namespace has the blob: the ingest begins with its bytes.
    let size = expected === undefined ? 0 : (await writer.status()).offset;
    const given = size > 0;
    for await (const chunk of source) {
      if (given) continue;
      digester?.update(chunk);
      size += chunk.length;
      await writer.write(chunk);
    }
    const digest = digester?.digest() ?? expected!;
    try {
      await writer.commit({ size, expected: digest, labels });
    } catch (err) {
      if (!hasCode(err, "ALREADY_EXISTS")) throw err;
      await addLabels(content, digest, labels, call);
    }
    return { digest, size };
  } catch (err) {
    await writer[Symbol.asyncDispose]();
    await content.abort(ref, { namespace: call.namespace }).catch(() => {});
    throw err;
  }
}

async function openUnlessThere(
  content: Content,
  ref: string,
  expected: string | undefined,
  call: Call,
): Promise<ContentWriter | undefined> {
  try {
    return await content.writer({ ref, ...(expected !== undefined && { expected }) }, call);
  } catch (err) {
    if (expected !== undefined && hasCode(err, "ALREADY_EXISTS")) return undefined;
    throw err;
  }
}

/** Stores `value` as JSON. */
export async function ingestDocument(
  content: Content,
  mediaType: string,
  value: object,
  labels: Labels,
  call: Call,
): Promise<Descriptor> {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  const digest = digestOf(bytes);
  const pieces = async function* (): AsyncGenerator<Uint8Array, void, void> {
    yield bytes;
  };
  await ingestStream(content, pieces(), { expected: digest, labels }, call);
  return { mediaType, digest, size: bytes.length };
}
