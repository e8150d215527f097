/**
 * The write session: one stream is one writer; each request gets one answer.
 *
 * Source: containerd plugins/services/content/contentserver (rules and texts).
 *
 * @module
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Content, ContentWriter } from "../api/content.ts";
import {
  WriteAction,
  type WriteContentRequest,
  type WriteContentResponseSchema,
} from "../api/gen/containerd/services/content/v1/content_pb.ts";
import { toTimestamp } from "../api/wire/common.ts";
import { hasCode, RtError } from "../errors.ts";
import type { ServerCall } from "./handlers.ts";

type Answer = MessageInitShape<typeof WriteContentResponseSchema>;

/** What is expected of the blob, as far as the client has told. */
interface Expectation {
  total: number;
  digest: string;
}

/** Serves one session; the writer is closed, and its ref free, before the session's end is seen by the client. */
export async function* writeSession(
  content: Content,
  requests: AsyncIterable<WriteContentRequest>,
  call: ServerCall,
): AsyncGenerator<Answer, void> {
  let writer: ContentWriter | undefined;
  const expectation: Expectation = { total: 0, digest: "" };
  try {
    for await (const request of requests) {
      if (request.expected !== "") expectation.digest = request.expected;
      if (request.total > 0n) expectation.total = Number(request.total);
      writer ??= await openWriter(content, request, call);
      if (request.expected !== "") await endIfPresent(content, writer, request.expected, call);
      yield await answer(writer, request, expectation);
      if (request.action === WriteAction.COMMIT) return;
    }
  } finally {
    await writer?.[Symbol.asyncDispose]();
  }
}

async function openWriter(
  content: Content,
  request: WriteContentRequest,
  call: ServerCall,
): Promise<ContentWriter> {
  const { ref, expected, total } = request;
  if (ref === "") throw new RtError("INVALID_ARGUMENT", "first message must have a reference");
  return content.writer({ ref, expected, total: Number(total) }, call);
}

/** Ends the session if the blob has come to be there in the meantime. */
async function endIfPresent(
  content: Content,
  writer: ContentWriter,
  digest: string,
  call: ServerCall,
): Promise<void> {
  try {
    await content.info(digest, call);
  } catch (err) {
    if (hasCode(err, "NOT_FOUND")) return;
    throw err;
  }
  await writer[Symbol.asyncDispose]();
  await content.abort(writer.ref, call).catch(() => {});
  throw new RtError("ALREADY_EXISTS", `blob with expected digest ${digest} exists`);
}

async function answer(
  writer: ContentWriter,
  request: WriteContentRequest,
  expectation: Expectation,
): Promise<Answer> {
  const { action } = request;
  const status = await writer.status();
  const times = { startedAt: toTimestamp(status.startedAt), updatedAt: toTimestamp(status.updatedAt) };
  const base = { action, total: BigInt(expectation.total), ...times };
  if (action === WriteAction.STAT) return { ...base, offset: BigInt(status.offset) };
  let offset = status.offset;
  const wanted = Number(request.offset);
  if (wanted > 0 && wanted !== offset) {
    throw new RtError("OUT_OF_RANGE", `write @${wanted} must occur at current offset ${offset}`);
  }
  if (wanted === 0 && offset > 0) {
    await writer.truncate(0);
    offset = 0;
  }
  if (request.data.length > 0) {
    await writer.write(request.data);
    offset += request.data.length;
  }
  if (action !== WriteAction.COMMIT) return { ...base, offset: BigInt(offset) };
  const { digest } = await writer.commit({
    size: expectation.total,
    labels: request.labels,
    ...(expectation.digest === "" ? {} : { expected: expectation.digest }),
  });
  return { ...base, offset: BigInt(offset), digest };
}
