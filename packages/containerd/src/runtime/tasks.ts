/**
 * Tasks: the service over shims.
 *
 * Source: containerd plugins/services/tasks/local.go (rules and texts).
 *
 * @module
 */
import type { ProcessState } from "@rt/shim/api";
import type { Call } from "../api/call.ts";
import type { Containers } from "../api/containers.ts";
import type {
  CreateTaskRequest,
  DeletedProcess,
  ExitStatus,
  ProcessRef,
  TaskMetric,
  TaskProcess,
  Tasks,
} from "../api/tasks.ts";
import { addClause, hasCode, InvalidArgumentError, NotImplementedError, RtError } from "../errors.ts";
import { parseFilters } from "../metadata/filter.ts";
import { validateIdentifier, validateNamespace } from "../metadata/identifier.ts";
import type { ShimRuntime, Task } from "./shim_runtime.ts";

const stdio = (io: Partial<CreateTaskRequest>) => ({
  stdin: io.stdin ?? "",
  stdout: io.stdout ?? "",
  stderr: io.stderr ?? "",
  terminal: io.terminal ?? false,
});

const exit = (e: { exitStatus: number; exitedAt?: Date | undefined }): ExitStatus => ({
  exitStatus: e.exitStatus,
  ...(e.exitedAt === undefined ? {} : { exitedAt: e.exitedAt }),
});

function process(containerId: string, execId: string, s: ProcessState): TaskProcess {
  return { containerId, id: execId || containerId, pid: s.pid, status: s.status, ...stdio(s), ...exit(s) };
}

const target = (ref: ProcessRef) => ({ id: ref.containerId, execId: ref.execId ?? "" });

const signalOf = (call: Call) => (call.signal === undefined ? {} : { signal: call.signal });

/** The task service over `runtime`. */
export function taskService(runtime: ShimRuntime, containers: Pick<Containers, "get">): Tasks {
  const find = async (id: string, call: Call): Promise<Task> => {
    const task = runtime.find(validateNamespace(call.namespace), id);
    if (task !== undefined) return task;
    await containers.get(id, call);
    throw new RtError("NOT_FOUND", `task ${id} not found`);
  };
  const client = async (id: string, call: Call) => (await (await find(id, call)).shim()).client;
  return {
    async create(request, call) {
      const { containerId: id } = request;
      const container = await containers.get(id, call);
      if (request.checkpoint !== undefined) throw new NotImplementedError("restoring a checkpoint");
      const options = request.options ?? container.runtime.options;
      const runtimeName = request.runtimePath || container.runtime.name;
      const spec = container.spec?.value ?? new Uint8Array();
      const task = {
        namespace: call.namespace,
        id,
        runtime: runtimeName,
        spec,
        ...(options === undefined ? {} : { options }),
      };
      const { pid } = await runtime.create(task, async (shim, bundle) => {
        const rootfs = request.rootfs ?? [];
        const wanted = {
          id,
          bundle: bundle.path,
          rootfs,
          ...stdio(request),
          ...(options === undefined ? {} : { options }),
        };
        return await shim.client.create(wanted, signalOf(call)).catch((err: unknown) => {
          throw addClause("failed to create shim task", err);
        });
      });
      return { containerId: id, pid };
    },
    async start(ref, call) {
      const { pid } = await (await client(ref.containerId, call)).start(target(ref), signalOf(call));
      return { pid };
    },
    async delete(containerId, call) {
      const task = await find(containerId, call);
      const gone = await deleteTask(task, containerId, call);
      if (gone !== undefined) await runtime.remove(task);
      const result = gone ?? { id: "", pid: 0, ...(await task.lost) };
      return result;
    },
    async deleteProcess(ref, call) {
      const answer = await (await client(ref.containerId, call)).delete(target(ref), signalOf(call));
      return { id: ref.execId, pid: answer.pid, ...exit(answer) };
    },
    async get(ref, call) {
      const shim = await client(ref.containerId, call);
      return process(ref.containerId, ref.execId ?? "", await shim.state(target(ref), signalOf(call)));
    },
    async list(_filter, call) {
      const tasks = runtime.list(validateNamespace(call.namespace));
      const states = await Promise.all(tasks.map((task) => stateOf(task, call)));
      return states.filter((s) => s !== undefined);
    },
    async kill({ signal, all, ...ref }, call) {
      const shim = await client(ref.containerId, call);
      await shim.kill({ ...target(ref), signal, all: all ?? false }, signalOf(call));
    },
    async exec(request, call) {
      validateIdentifier(request.execId, `invalid exec id ${request.execId}`);
      const { containerId: id, execId, spec } = request;
      await (await client(id, call)).exec({ id, execId, spec, ...stdio(request) }, signalOf(call));
    },
    async resizePty({ width, height, ...ref }, call) {
      await (await client(ref.containerId, call)).resizePty(
        { ...target(ref), width, height },
        signalOf(call),
      );
    },
    async closeIo({ stdin, ...ref }, call) {
      if (stdin)
        await (await client(ref.containerId, call)).closeIo({ ...target(ref), stdin }, signalOf(call));
    },
    async pause(id, call) {
      await (await client(id, call)).pause({ id }, signalOf(call));
    },
    async resume(id, call) {
      await (await client(id, call)).resume({ id }, signalOf(call));
    },
    async pids(id, call) {
      return await (await client(id, call)).pids({ id }, signalOf(call));
    },
    async checkpoint({ containerId }, call) {
      await find(containerId, call);
      throw new NotImplementedError("checkpoint");
    },
    async update({ containerId: id, resources, annotations }, call) {
      if (resources.value.length === 0) throw new InvalidArgumentError("resources cannot be empty");
      const request = { id, resources, ...(annotations === undefined ? {} : { annotations }) };
      await (await client(id, call)).update(request, signalOf(call));
    },
    async metrics(filters, call) {
      const matches = parseFilters(filters);
      const wanted = runtime
        .list(validateNamespace(call.namespace))
        .filter(({ bundle }) =>
          matches(([field]) =>
            field === "id" ? bundle.id : field === "namespace" ? bundle.namespace : undefined,
          ),
        );
      const metrics = await Promise.all(wanted.map((task) => metricOf(task, call)));
      return metrics.filter((m) => m !== undefined);
    },
    async wait(ref, call) {
      return await waitFor(await find(ref.containerId, call), ref, call);
    },
  };
}

/** Deletes a task by its shim; undefined if the shim died in the meantime, which deletes it too. */
async function deleteTask(task: Task, id: string, call: Call): Promise<DeletedProcess | undefined> {
  try {
    const { client } = await task.shim();
    const answer = await client.delete({ id }, signalOf(call));
    return { id: "", pid: answer.pid, ...exit(answer) };
  } catch (err) {
    if (hasCode(err, "UNAVAILABLE")) return undefined;
    throw addClause("failed to delete task", err);
  }
}

async function stateOf(task: Task, call: Call): Promise<TaskProcess | undefined> {
  const { id } = task.bundle;
  try {
    const { client } = await task.shim();
    return process(id, "", await client.state({ id }, { ...signalOf(call), timeoutMs: 2000 }));
  } catch (err) {
    if (hasCode(err, "NOT_FOUND") || hasCode(err, "UNAVAILABLE")) return undefined;
    return { containerId: id, id, pid: 0, status: "unknown", ...stdio({}), exitStatus: 0 };
  }
}

async function metricOf(task: Task, call: Call): Promise<TaskMetric | undefined> {
  const { id } = task.bundle;
  try {
    const { client } = await task.shim();
    return { id, timestamp: new Date(), data: await client.stats({ id }, signalOf(call)) };
  } catch {
    // Gone, or not running: it has no metrics.
    return undefined;
  }
}

/** Waits for a process, over restarts of its shim; a shim that died with it tells through `lost`. */
async function waitFor(task: Task, ref: ProcessRef, call: Call): Promise<ExitStatus> {
  for (;;) {
    const connection = await task.shim().catch(() => undefined);
    if (connection === undefined) return await task.lost;
    try {
      return exit(await connection.client.wait(target(ref), signalOf(call)));
    } catch (err) {
      if (!hasCode(err, "UNAVAILABLE")) throw err;
      call.signal?.throwIfAborted();
      // Give the loss of the connection time to be noticed: then there is another one, or the task is lost.
      const next = await Promise.race([task.lost, reconnected(task, connection)]);
      if (next !== undefined) return next;
    }
  }
}

/** Resolves when the task has another connection than `old`. */
async function reconnected(task: Task, old: unknown): Promise<undefined> {
  while ((await task.shim().catch(() => undefined)) === old)
    await new Promise((resolve) => setTimeout(resolve, 20));
  return undefined;
}
