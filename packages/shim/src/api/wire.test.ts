import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CreateTaskRequestSchema, StateResponseSchema } from "./gen/containerd/task/v2/task_pb.ts";
import type { TaskEvent } from "./task_event.ts";
import type { ProcessState, ProcessStatus } from "./task_service.ts";
import {
  fromCreateRequest,
  fromState,
  fromTypedEvent,
  toCreateRequest,
  toState,
  toTypedEvent,
} from "./wire.ts";

const text = fc.string({ unit: "grapheme", maxLength: 12 });
const number = fc.integer({ min: 0, max: 0xffffffff });
const date = fc.date({ min: new Date(0), max: new Date("2100-01-01"), noInvalidDate: true });
const stdio = { stdin: text, stdout: text, stderr: text, terminal: fc.boolean() };
const exit = { pid: number, exitStatus: number, exitedAt: fc.option(date, { nil: undefined }) };
const mount = fc.record({ type: text, source: text, options: fc.array(text, { maxLength: 3 }) });
const about = { containerId: text };

const event: fc.Arbitrary<TaskEvent> = fc.oneof(
  fc.record({
    ...about,
    topic: fc.constant("/tasks/create" as const),
    bundle: text,
    checkpoint: text,
    pid: number,
    rootfs: fc.array(mount, { maxLength: 2 }),
    io: fc.record(stdio),
  }),
  fc.record({ ...about, topic: fc.constant("/tasks/start" as const), pid: number }),
  fc.record({
    ...about,
    ...exit,
    topic: fc.constantFrom("/tasks/exit" as const, "/tasks/delete" as const),
    id: text,
  }),
  fc.record({ ...about, topic: fc.constant("/tasks/exec-added" as const), execId: text }),
  fc.record({ ...about, topic: fc.constant("/tasks/exec-started" as const), execId: text, pid: number }),
  fc.record({
    ...about,
    topic: fc.constantFrom("/tasks/oom" as const, "/tasks/paused" as const, "/tasks/resumed" as const),
  }),
  fc.record({ ...about, topic: fc.constant("/tasks/checkpointed" as const), checkpoint: text }),
);

describe("wire", () => {
  test("fromTypedEvent() reads back every event that toTypedEvent() wrote", () => {
    fc.assert(
      fc.property(event, (e) => {
        expect(fromTypedEvent(toTypedEvent(e))).toEqual(e);
      }),
    );
  });

  test("fromTypedEvent() knows type URLs with a host, and says undefined to others", () => {
    const typed = toTypedEvent({ topic: "/tasks/oom", containerId: "web" });
    const long = { ...typed, typeUrl: `type.googleapis.com/${typed.typeUrl}` };
    expect(fromTypedEvent(long)).toEqual({ topic: "/tasks/oom", containerId: "web" });
    expect(fromTypedEvent({ typeUrl: "containerd.events.ImageCreate", value: typed.value })).toBeUndefined();
  });

  test("a create request crosses the wire whole", () => {
    const request = fc.record({
      ...stdio,
      id: text,
      bundle: text,
      rootfs: fc.array(mount, { maxLength: 2 }),
      options: fc.record({ typeUrl: text, value: fc.uint8Array({ maxLength: 9 }) }),
    });
    fc.assert(
      fc.property(request, (r) => {
        const bytes = toBinary(CreateTaskRequestSchema, create(CreateTaskRequestSchema, toCreateRequest(r)));
        const back = fromCreateRequest(fromBinary(CreateTaskRequestSchema, bytes));
        expect({ ...back, options: { ...back.options, value: [...(back.options?.value ?? [])] } }).toEqual({
          ...r,
          options: { ...r.options, value: [...r.options.value] },
        });
      }),
    );
  });

  test("a state crosses the wire whole, and Go's zero time is no time", () => {
    const statuses: ProcessStatus[] = ["unknown", "created", "running", "stopped", "paused", "pausing"];
    const state: fc.Arbitrary<ProcessState> = fc.record({
      ...stdio,
      ...exit,
      id: text,
      execId: text,
      bundle: text,
      status: fc.constantFrom(...statuses),
    });
    fc.assert(
      fc.property(state, (s) => {
        const bytes = toBinary(StateResponseSchema, create(StateResponseSchema, toState(s)));
        expect(fromState(fromBinary(StateResponseSchema, bytes))).toEqual(s);
      }),
    );
    const never = create(StateResponseSchema, { exitedAt: { seconds: -62135596800n, nanos: 0 } });
    expect(fromState(never).exitedAt).toBeUndefined();
  });
});
