/**
 * `rt-containerd publish --topic T --namespace N`: what old shims call to tell of an event; the `Any` comes on stdin.
 *
 * Source: containerd cmd/containerd/command/publish.go.
 *
 * @module
 */
import { fromBinary } from "@bufbuild/protobuf";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import type { Containerd } from "../api/containerd.ts";
import { fromAny } from "../api/wire/common.ts";
import { InvalidArgumentError } from "../errors.ts";
import { parseFlags } from "../oci.ts";

const flags = {
  namespace: { type: "string", usage: "namespace to publish to" },
  topic: { type: "string", usage: "topic of the event" },
} as const;

/** Publishes what `input` holds. @throws {InvalidArgumentError} `INVALID_ARGUMENT` without a namespace or topic. */
export async function publishEvent(
  containerd: Pick<Containerd, "events">,
  argv: readonly string[],
  input: AsyncIterable<Uint8Array>,
): Promise<void> {
  const { namespace = "", topic = "" } = parseFlags(flags, argv).values;
  if (topic === "") throw new InvalidArgumentError("topic required to publish event");
  const pieces: Uint8Array[] = [];
  for await (const piece of input) pieces.push(piece);
  await containerd.events.publish(topic, fromAny(fromBinary(AnySchema, Buffer.concat(pieces))), {
    namespace,
  });
}
