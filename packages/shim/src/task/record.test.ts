import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadRecord, loadRecords, removeRecord, saveRecord, type TaskRecord } from "./record.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "rt-rec-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

function record(id: string, address: string): TaskRecord {
  const bundle = join(directory, id);
  mkdirSync(bundle);
  const stdio = { stdin: "", stdout: "/o", stderr: "", terminal: false };
  return {
    ...{ version: 1, id, namespace: "moby", bundle, address, rootfs: [], monitor: join(bundle, "monitor") },
    runtime: { binary: "", root: "/r", systemdCgroup: false, noPivot: false, noNewKeyring: false },
    ...{ oomKills: 0, paused: false, execs: [] },
    init: {
      execId: "",
      stdio,
      phase: "stopped",
      pid: 7,
      exitsFrom: 0,
      holds: {},
      exit: { exitStatus: 3, exitedAtMs: 5 },
    },
    pending: [
      {
        timeMs: 1,
        event: { topic: "/tasks/exit", containerId: id, id, pid: 7, exitStatus: 3, exitedAt: new Date(5) },
      },
    ],
  };
}

describe("record", () => {
  test("loadRecord() gives back what saveRecord() wrote, times included", () => {
    const written = record("web", "/s");
    saveRecord(written);
    expect(loadRecord(written.bundle)).toEqual(written);
    removeRecord(written.bundle);
    expect(loadRecord(written.bundle)).toBeUndefined();
    removeRecord(written.bundle);
  });

  test("loadRecords() finds the records of one service only", () => {
    for (const [id, address] of [
      ["a", "/s1"],
      ["b", "/s2"],
      ["c", "/s1"],
    ] as const)
      saveRecord(record(id, address));
    mkdirSync(join(directory, "foreign"));
    expect(
      loadRecords(directory, "/s1")
        .map((r) => r.id)
        .sort(),
    ).toEqual(["a", "c"]);
  });
});
