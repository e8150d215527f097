/**
 * Service `containerd.services.tasks.v1.Tasks`.
 *
 * @module
 */
import { Tasks as Service } from "../api/gen/containerd/services/tasks/v1/tasks_pb.ts";
import type { DeletedProcess, ExitStatus, Tasks } from "../api/tasks.ts";
import {
  fromAny,
  fromDescriptor,
  fromMount,
  toAny,
  toDescriptor,
  toTimestamp,
  toTimestampOrNone,
} from "../api/wire/common.ts";
import { toProcess } from "../api/wire/records.ts";
import { InvalidArgumentError } from "../errors.ts";
import { type ServiceHandlers, serve } from "./handlers.ts";

function exit({ exitStatus, exitedAt }: ExitStatus) {
  const at = toTimestampOrNone(exitedAt);
  return { exitStatus, ...(at === undefined ? {} : { exitedAt: at }) };
}

const deleted = (p: DeletedProcess) => ({ id: p.id, pid: p.pid, ...exit(p) });

/** Handlers over `tasks`. */
export function tasksService(tasks: Tasks): ServiceHandlers {
  return serve(Service, {
    async create(r, call) {
      return await tasks.create(
        {
          containerId: r.containerId,
          rootfs: r.rootfs.map(fromMount),
          stdin: r.stdin,
          stdout: r.stdout,
          stderr: r.stderr,
          terminal: r.terminal,
          ...(r.checkpoint === undefined ? {} : { checkpoint: fromDescriptor(r.checkpoint) }),
          ...(r.options === undefined ? {} : { options: fromAny(r.options) }),
          ...(r.runtimePath === "" ? {} : { runtimePath: r.runtimePath }),
        },
        call,
      );
    },
    start: async ({ containerId, execId }, call) => await tasks.start({ containerId, execId }, call),
    delete: async ({ containerId }, call) => deleted(await tasks.delete(containerId, call)),
    async deleteProcess({ containerId, execId }, call) {
      return deleted(await tasks.deleteProcess({ containerId, execId }, call));
    },
    async get({ containerId, execId }, call) {
      return { process: toProcess(await tasks.get({ containerId, execId }, call)) };
    },
    async list({ filter }, call) {
      return { tasks: (await tasks.list(filter, call)).map(toProcess) };
    },
    async kill({ containerId, execId, signal, all }, call) {
      await tasks.kill({ containerId, execId, signal, all }, call);
      return {};
    },
    async exec(r, call) {
      if (r.execId === "") throw new InvalidArgumentError("exec id cannot be empty");
      if (r.spec === undefined) throw new InvalidArgumentError("exec spec cannot be empty");
      const { containerId, execId, stdin, stdout, stderr, terminal } = r;
      await tasks.exec({ containerId, execId, stdin, stdout, stderr, terminal, spec: fromAny(r.spec) }, call);
      return {};
    },
    async resizePty({ containerId, execId, width, height }, call) {
      await tasks.resizePty({ containerId, execId, width, height }, call);
      return {};
    },
    async closeIO({ containerId, execId, stdin }, call) {
      await tasks.closeIo({ containerId, execId, stdin }, call);
      return {};
    },
    async pause({ containerId }, call) {
      await tasks.pause(containerId, call);
      return {};
    },
    async resume({ containerId }, call) {
      await tasks.resume(containerId, call);
      return {};
    },
    async listPids({ containerId }, call) {
      const processes = await tasks.pids(containerId, call);
      return {
        processes: processes.map((p) => ({
          pid: p.pid,
          ...(p.info === undefined ? {} : { info: toAny(p.info) }),
        })),
      };
    },
    async checkpoint({ containerId, parentCheckpoint, options }, call) {
      const request = {
        containerId,
        parentCheckpoint,
        ...(options === undefined ? {} : { options: fromAny(options) }),
      };
      return { descriptors: (await tasks.checkpoint(request, call)).map(toDescriptor) };
    },
    async update({ containerId, resources, annotations }, call) {
      if (resources === undefined) throw new InvalidArgumentError("resources cannot be empty");
      await tasks.update({ containerId, resources: fromAny(resources), annotations }, call);
      return {};
    },
    async metrics({ filters }, call) {
      const metrics = await tasks.metrics(filters, call);
      return {
        metrics: metrics.map((m) => ({ id: m.id, timestamp: toTimestamp(m.timestamp), data: toAny(m.data) })),
      };
    },
    wait: async ({ containerId, execId }, call) => exit(await tasks.wait({ containerId, execId }, call)),
  });
}
