/**
 * The Task services on a ttrpc router: decode, call, encode. Version 2 and 3 differ in name only.
 *
 * @module
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type DeleteResponseSchema,
  Task as TaskV2,
  type WaitResponseSchema,
} from "../api/gen/containerd/task/v2/task_pb.ts";
import { Task as TaskV3 } from "../api/gen/containerd/task/v3/task_pb.ts";
import type { TaskService } from "../api/task_service.ts";
import {
  fromAny,
  fromCreateRequest,
  fromExecRequest,
  fromUpdateRequest,
  toAny,
  toExit,
  toPids,
  toState,
  toTimestamp,
} from "../api/wire.ts";
import type { TtrpcRouter } from "../ttrpc/server.ts";
import type { ServiceImpl } from "../ttrpc/service.ts";

/** Adds `service` to `router` as `containerd.task.v2.Task` and `containerd.task.v3.Task`. */
export function addTaskService(router: TtrpcRouter, service: TaskService): void {
  const impl: ServiceImpl<typeof TaskV2> = {
    state: async (r, { signal }) => toState(await service.state(r, { signal })),
    create: (r, { signal }) => service.create(fromCreateRequest(r), { signal }),
    start: (r, { signal }) => service.start(r, { signal }),
    delete: async (r, { signal }) =>
      toExit(await service.delete(r, { signal })) as MessageInitShape<typeof DeleteResponseSchema>,
    pids: async (r, { signal }) => toPids(await service.pids(r, { signal })),
    pause: (r, { signal }) => service.pause(r, { signal }).then(() => ({})),
    resume: (r, { signal }) => service.resume(r, { signal }).then(() => ({})),
    checkpoint: ({ id, path, options }, { signal }) =>
      service
        .checkpoint({ id, path, ...(options === undefined ? {} : { options: fromAny(options) }) }, { signal })
        .then(() => ({})),
    kill: (r, { signal }) => service.kill(r, { signal }).then(() => ({})),
    exec: (r, { signal }) => service.exec(fromExecRequest(r), { signal }).then(() => ({})),
    resizePty: (r, { signal }) => service.resizePty(r, { signal }).then(() => ({})),
    closeIO: (r, { signal }) => service.closeIo(r, { signal }).then(() => ({})),
    update: (r, { signal }) => service.update(fromUpdateRequest(r), { signal }).then(() => ({})),
    wait: async (r, { signal }) => {
      const { exitStatus, exitedAt } = await service.wait(r, { signal });
      return { exitStatus, exitedAt: toTimestamp(exitedAt) } as MessageInitShape<typeof WaitResponseSchema>;
    },
    stats: async (r, { signal }) => ({ stats: toAny(await service.stats(r, { signal })) }),
    connect: (r, { signal }) => service.connect(r, { signal }),
    shutdown: (r, { signal }) => service.shutdown(r, { signal }).then(() => ({})),
  };
  router.add(TaskV2, impl);
  router.add(TaskV3, impl as unknown as ServiceImpl<typeof TaskV3>);
}
