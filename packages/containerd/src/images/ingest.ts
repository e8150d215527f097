/**
 * Puts bytes into the content store, digest known or not.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import type { Call, Labels } from "../api/call.ts";
import type { Content } from "../api/content.ts";
import { createDigester, type Descriptor, digestOf, hasCode } from "../oci.ts";
import { addLabels } from "./read.ts";

/** What {@linkcode ingestStream} knows of the bytes beforehand. */
export interface IngestOptions {
  readonly expected?: string;
  readonly labels?: Labels;
}

/**
 * Stores `source` whole. A blob that is there is read past, and kept.
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
  const digester = createDigester(); // the digest is needed also where the store says only that it has the blob
  await using writer = await content.writer({ ref }, call);
  try {
    for await (const chunk of source) {
      digester.update(chunk);
      await writer.write(chunk);
    }
    const { size } = digester;
    const digest = digester.digest();
    try {
      await writer.commit({ size, expected: expected ?? digest, labels });
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
