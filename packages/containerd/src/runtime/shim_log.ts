/**
 * A foreign shim's log: it writes to the FIFO `log` in its bundle, which must be there and read.
 *
 * Source: containerd core/runtime/v2/shim_unix.go.
 *
 * @module
 */
import { join } from "node:path";
import { hasCode } from "../errors.ts";
import { type Kernel, makeFifo, openFifoReader } from "../kernel.ts";
import type { Logger } from "../oci.ts";
import type { Bundle } from "./bundle.ts";

/** Longest line that is kept. Characters. */
const maxLine = 8192;

/** A log that is being read. */
export type ShimLog = AsyncDisposable;

/** Makes the FIFO, or finds it, and logs each line until disposed. */
export async function readShimLog(kernel: Kernel, bundle: Bundle, log: Logger): Promise<ShimLog> {
  const path = join(bundle.path, "log");
  await makeFifo(kernel, path, 0o700).catch((err: unknown) => {
    if (!hasCode(err, "ALREADY_EXISTS")) throw err;
  });
  const reader = openFifoReader(path, { keepOpen: true });
  const shimLog = log.child({ container: bundle.id, namespace: bundle.namespace });
  void (async () => {
    let rest = "";
    const decoder = new TextDecoder();
    for await (const chunk of reader) {
      const lines = `${rest}${decoder.decode(chunk, { stream: true })}`.split("\n");
      rest = (lines.pop() ?? "").slice(-maxLine);
      for (const line of lines) if (line !== "") shimLog.debug("shim", { line: line.slice(0, maxLine) });
    }
  })().catch((err: unknown) => shimLog.debug("shim log ended", { err }));
  return { [Symbol.asyncDispose]: () => reader.close() };
}
