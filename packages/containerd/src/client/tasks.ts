/**
 * Tasks over gRPC.
 *
 * @module
 */
import { create } from "@bufbuild/protobuf";
import { createClient, type Transport } from "@connectrpc/connect";
import { Tasks as Service } from "../api/gen/containerd/services/tasks/v1/tasks_pb.ts";
import { ProcessSchema } from "../api/gen/containerd/v1/types/task_pb.ts";
import type {
  CreateTaskRequest,
  DeletedProcess,
  ExitStatus,
  ProcessRef,
  TaskIo,
  Tasks,
} from "../api/tasks.ts";
import {
  dateOf,
  fromAny,
  fromDescriptor,
  fromTimestamp,
  toAny,
  toDescriptor,
  toMount,
} from "../api/wire/common.ts";
import { fromProcess } from "../api/wire/records.ts";
import { callOptions, unary } from "./call.ts";

const processRef = (r: ProcessRef) => ({ containerId: r.containerId, execId: r.execId ?? "" });

const stdio = (io: Partial<TaskIo>) => ({
  stdin: io.stdin ?? "",
  stdout: io.stdout ?? "",
  stderr: io.stderr ?? "",
  terminal: io.terminal ?? false,
});

const createRequest = (r: CreateTaskRequest) => ({
  containerId: r.containerId,
  rootfs: (r.rootfs ?? []).map(toMount),
  ...stdio(r),
  ...(r.checkpoint === undefined ? {} : { checkpoint: toDescriptor(r.checkpoint) }),
  ...(r.options === undefined ? {} : { options: toAny(r.options) }),
  runtimePath: r.runtimePath ?? "",
});

function exit(m: { exitStatus: number; exitedAt?: Parameters<typeof fromTimestamp>[0] }): ExitStatus {
  const exitedAt = fromTimestamp(m.exitedAt);
  return { exitStatus: m.exitStatus, ...(exitedAt === undefined ? {} : { exitedAt }) };
}

const deleted = (m: Parameters<typeof exit>[0] & { id: string; pid: number }): DeletedProcess => ({
  id: m.id,
  pid: m.pid,
  ...exit(m),
});

/** Tasks of the daemon behind `transport`. */
export function tasksClient(transport: Transport): Tasks {
  const client = createClient(Service, transport);
  return {
    async create(request, call) {
      const { containerId, pid } = await unary(client.create(createRequest(request), callOptions(call)));
      return { containerId, pid };
    },
    async start(ref, call) {
      return { pid: (await unary(client.start(processRef(ref), callOptions(call)))).pid };
    },
    async delete(containerId, call) {
      return deleted(await unary(client.delete({ containerId }, callOptions(call))));
    },
    async deleteProcess(ref, call) {
      return deleted(await unary(client.deleteProcess(processRef(ref), callOptions(call))));
    },
    async get(ref, call) {
      const { process } = await unary(client.get(processRef(ref), callOptions(call)));
      return { ...fromProcess(process ?? create(ProcessSchema)), containerId: ref.containerId };
    },
    async list(filter, call) {
      return (await unary(client.list({ filter }, callOptions(call)))).tasks.map(fromProcess);
    },
    async kill({ signal, all, ...ref }, call) {
      await unary(client.kill({ ...processRef(ref), signal, all: all ?? false }, callOptions(call)));
    },
    async exec(request, call) {
      const { containerId, execId, spec } = request;
      await unary(
        client.exec({ containerId, execId, spec: toAny(spec), ...stdio(request) }, callOptions(call)),
      );
    },
    async resizePty({ width, height, ...ref }, call) {
      await unary(client.resizePty({ ...processRef(ref), width, height }, callOptions(call)));
    },
    async closeIo({ stdin, ...ref }, call) {
      await unary(client.closeIO({ ...processRef(ref), stdin }, callOptions(call)));
    },
    async pause(containerId, call) {
      await unary(client.pause({ containerId }, callOptions(call)));
    },
    async resume(containerId, call) {
      await unary(client.resume({ containerId }, callOptions(call)));
    },
    async pids(containerId, call) {
      const { processes } = await unary(client.listPids({ containerId }, callOptions(call)));
      return processes.map((p) => ({
        pid: p.pid,
        ...(p.info === undefined ? {} : { info: fromAny(p.info) }),
      }));
    },
    async checkpoint({ containerId, parentCheckpoint, options }, call) {
      const request = {
        containerId,
        parentCheckpoint: parentCheckpoint ?? "",
        ...(options === undefined ? {} : { options: toAny(options) }),
      };
      return (await unary(client.checkpoint(request, callOptions(call)))).descriptors.map(fromDescriptor);
    },
    async update({ containerId, resources, annotations }, call) {
      const request = { containerId, resources: toAny(resources), annotations: { ...annotations } };
      await unary(client.update(request, callOptions(call)));
    },
    async metrics(filters, call) {
      const { metrics } = await unary(client.metrics({ filters: [...filters] }, callOptions(call)));
      return metrics.map((m) => ({
        id: m.id,
        timestamp: dateOf(m.timestamp),
        data: m.data === undefined ? { typeUrl: "", value: new Uint8Array() } : fromAny(m.data),
      }));
    },
    async wait(ref, call) {
      return exit(await unary(client.wait(processRef(ref), callOptions(call))));
    },
  };
}
