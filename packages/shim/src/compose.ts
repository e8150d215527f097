/**
 * Joins the real parts of a task service.
 *
 * @module
 */
import { compose as composeRunc, RuncCli } from "@rt/runc";
import type { OciRuntime } from "@rt/runc/api";
import { type Kernel, portKernel } from "@rt/runc/kernel";
import { type Logger, RtError } from "@rt/runc/oci";
import type { ShimConfig } from "./config.ts";
import { findProgram } from "./host/program.ts";
import { Publisher } from "./publisher/publisher.ts";
import { Shim } from "./shim.ts";
import type { RuntimeChoice } from "./task/record.ts";
import type { TaskDeps } from "./task/task.ts";

/**
 * The runtime of `choice` over `kernel`: ours in this process, or another's program, looked for in `path`.
 *
 * @throws {RtError} `NOT_FOUND` if there is no such program.
 */
export function makeRuntime(kernel: Kernel, choice: RuntimeChoice, path: string): OciRuntime {
  const { root, systemdCgroup } = choice;
  if (choice.binary === "") return composeRunc({ kernel, root });
  const binary = findProgram(choice.binary, path);
  if (binary === undefined)
    throw new RtError("NOT_FOUND", `exec: "${choice.binary}": executable file not found in $PATH`);
  return new RuncCli({ kernel, root, binary, systemdCgroup });
}

/** The parts of a task service; to be disposed by whoever asked for them. */
export interface ShimParts extends AsyncDisposable {
  readonly shim: Shim;
  readonly deps: TaskDeps;
  readonly publisher: Publisher;
}

/** Makes the parts of the task service of `config`; `onShutdown` is called when it is asked to end. */
export function compose(config: ShimConfig, log: Logger, onShutdown?: () => void): ShimParts {
  const kernel = portKernel({ name: "rt-shim-port" });
  const publisher = new Publisher({ address: config.ttrpcAddress, log });
  const deps: TaskDeps = {
    kernel,
    runtime: (port, choice) => makeRuntime(port, choice, config.path),
    publish: (envelope) => publisher.publish(envelope),
    namespace: config.namespace,
    address: config.socket,
    log,
  };
  const shim = new Shim({ ...deps, ...(onShutdown === undefined ? {} : { onShutdown }) });
  return {
    shim,
    deps,
    publisher,
    async [Symbol.asyncDispose]() {
      await publisher.flush(2000);
      await shim[Symbol.asyncDispose]();
      await publisher[Symbol.asyncDispose]();
      await kernel[Symbol.asyncDispose]();
    },
  };
}
