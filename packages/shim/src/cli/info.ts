/**
 * What the program says of itself: `-v` and `-info`.
 *
 * @module
 */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type Any, AnySchema } from "@bufbuild/protobuf/wkt";
import { RuntimeInfoSchema } from "../api/gen/containerd/types/introspection_pb.ts";
import { VERSION } from "../config.ts";

/** The text of `-v`, in the peers' form. */
export function versionText(): string {
  return `containerd-shim-rt-v2:\n  Version:  ${VERSION}\n  Revision: \n  Engine version: ${process.version}\n\n`;
}

/** Does `-info`: reads the runtime options from `input`, answers a `RuntimeInfo` in binary. */
export async function infoCommand(
  name: string,
  input: Uint8Array,
  write: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  let options: Any | undefined;
  try {
    if (input.length > 0) options = fromBinary(AnySchema, input);
  } catch {
    // Options that cannot be read are no options.
  }
  const info = create(RuntimeInfoSchema, {
    name,
    version: { version: VERSION, revision: "" },
    ...(options === undefined ? {} : { options }),
  });
  await write(toBinary(RuntimeInfoSchema, info));
}
