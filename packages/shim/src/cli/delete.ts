/**
 * The `delete` action: removes what is left of a container, prints a `DeleteResponse` in binary.
 *
 * @module
 */
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { silentLogger } from "@rt/runc/oci";
import { DeleteResponseSchema } from "../api/gen/containerd/task/v2/task_pb.ts";
import { toExit } from "../api/wire.ts";
import { compose } from "../compose.ts";
import type { ShimConfig } from "../config.ts";
import { stopTask } from "../manager/stop.ts";

/** Does `delete`; the answer goes to `write`. */
export async function deleteCommand(
  config: ShimConfig,
  write: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  // containerd itself tells of the end of a container whose shim it removes.
  await using parts = compose({ ...config, ttrpcAddress: "" }, silentLogger);
  const exit = await stopTask(parts.deps, config);
  const answer = toExit(exit) as MessageInitShape<typeof DeleteResponseSchema>;
  await write(toBinary(DeleteResponseSchema, create(DeleteResponseSchema, answer)));
}
