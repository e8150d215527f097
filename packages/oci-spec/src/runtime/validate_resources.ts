/**
 * Checks of `linux.resources`.
 *
 * Source: runtime-spec 1.3.0 `config-linux.md` section "Control groups"; ranges as in the kernel's
 * `Documentation/admin-guide/cgroup-v1` and `cgroup-v2.rst`.
 *
 * @module
 */
import { type Json, numberList, type ProblemList, pathOf, show, UINT32_MAX } from "./problem.ts";

const NEGATIVE = Number.MIN_SAFE_INTEGER;

/** Checks the object `resources` at `at`; also for what `update --resources` reads. */
export function checkResources(list: ProblemList, resources: Json, at: string): void {
  checkDeviceRules(list, resources, at);
  checkMemory(list, resources, at);
  checkCpu(list, resources, at);
  list.rule = "config-linux.md#pids";
  const pids = list.object(resources, "pids", at);
  if (pids !== undefined) list.integer(pids, "limit", `${at}.pids`, { min: NEGATIVE });
  checkBlockIo(list, resources, at);
  checkHugepages(list, resources, at);
  checkNetwork(list, resources, at);
  checkRdma(list, resources, at);
  checkUnified(list, resources, at);
}

function checkDeviceRules(list: ProblemList, resources: Json, at: string): void {
  list.rule = "config-linux.md#allowed-device-list";
  list.each(resources, "devices", at, (device, path) => {
    list.boolean(device, "allow", path, true);
    list.word(device, "type", path, ["a", "c", "b"], false);
    list.integer(device, "major", path, { min: -1 });
    list.integer(device, "minor", path, { min: -1 });
    list.string(device, "access", path, (text) =>
      /^[rwm]{1,3}$/.test(text) && new Set(text).size === text.length
        ? undefined
        : `must be made of the letters r, w and m, is ${show(text)}`,
    );
  });
}

function checkMemory(list: ProblemList, resources: Json, at: string): void {
  list.rule = "config-linux.md#memory";
  const memory = list.object(resources, "memory", at);
  if (memory === undefined) return;
  const path = `${at}.memory`;
  for (const key of ["reservation", "kernel", "kernelTCP"]) list.integer(memory, key, path, { min: -1 });
  const limit = list.integer(memory, "limit", path, { min: -1 });
  const swap = list.integer(memory, "swap", path, { min: -1 });
  if (limit !== undefined && swap !== undefined && limit > 0 && swap > 0 && swap < limit) {
    list.error(`${path}.swap`, `must not be below memory.limit ${limit}, is ${swap}`);
  }
  list.integer(memory, "swappiness", path, { max: 100 });
  for (const key of ["disableOOMKiller", "useHierarchy", "checkBeforeUpdate"])
    list.boolean(memory, key, path);
}

function checkCpu(list: ProblemList, resources: Json, at: string): void {
  list.rule = "config-linux.md#cpu";
  const cpu = list.object(resources, "cpu", at);
  if (cpu === undefined) return;
  const path = `${at}.cpu`;
  for (const key of ["shares", "burst", "period", "realtimePeriod"]) list.integer(cpu, key, path);
  for (const key of ["quota", "realtimeRuntime"]) list.integer(cpu, key, path, { min: NEGATIVE });
  for (const key of ["cpus", "mems"]) list.string(cpu, key, path, numberList);
  list.integer(cpu, "idle", path, { max: 1 });
}

/** What is wrong with a block I/O weight; 0 leaves it alone. */
function checkWeights(list: ProblemList, o: Json, path: string): boolean {
  const given = ["weight", "leafWeight"].filter((key) => o[key] !== undefined && o[key] !== null);
  for (const key of given) {
    const weight = list.integer(o, key, path, { max: 1000 });
    if (weight !== undefined && weight > 0 && weight < 10) {
      list.error(`${path}.${key}`, `must be from 10 to 1000, is ${weight}`);
    }
  }
  return given.length > 0;
}

function checkBlockIo(list: ProblemList, resources: Json, at: string): void {
  list.rule = "config-linux.md#block-io";
  const block = list.object(resources, "blockIO", at);
  if (block === undefined) return;
  const path = `${at}.blockIO`;
  checkWeights(list, block, path);
  const device = (o: Json, where: string): void => {
    list.integer(o, "major", where, { required: true });
    list.integer(o, "minor", where, { required: true });
  };
  list.each(block, "weightDevice", path, (entry, where) => {
    device(entry, where);
    if (!checkWeights(list, entry, where)) list.error(where, "must have weight, leafWeight or both");
  });
  for (const what of ["ReadBps", "WriteBps", "ReadIOPS", "WriteIOPS"]) {
    list.each(block, `throttle${what}Device`, path, (entry, where) => {
      device(entry, where);
      list.uint64(entry, "rate", where, true);
    });
  }
}

function checkHugepages(list: ProblemList, resources: Json, at: string): void {
  list.rule = "config-linux.md#huge-page-limits";
  const seen = new Set<string>();
  list.each(resources, "hugepageLimits", at, (entry, path) => {
    const size = list.string(entry, "pageSize", path, pageSizeFault, true);
    if (size !== undefined && seen.has(size)) list.error(`${path}.pageSize`, `must not occur twice: ${size}`);
    if (size !== undefined) seen.add(size);
    list.uint64(entry, "limit", path, true);
  });
}

function pageSizeFault(text: string): string | undefined {
  return /^[1-9]\d{0,9}[KMG]B$/.test(text) ? undefined : `must be a page size such as 2MB, is ${show(text)}`;
}

function checkNetwork(list: ProblemList, resources: Json, at: string): void {
  list.rule = "config-linux.md#network";
  const network = list.object(resources, "network", at);
  if (network === undefined) return;
  const path = `${at}.network`;
  list.integer(network, "classID", path, { max: UINT32_MAX });
  list.each(network, "priorities", path, (entry, where) => {
    list.string(entry, "name", where, undefined, true);
    list.integer(entry, "priority", where, { required: true, max: UINT32_MAX });
  });
}

function checkRdma(list: ProblemList, resources: Json, at: string): void {
  list.rule = "config-linux.md#rdma";
  const rdma = list.object(resources, "rdma", at);
  for (const [name, value] of Object.entries(rdma ?? {})) {
    const path = pathOf(pathOf(at, "rdma"), name);
    const device = list.asObject(value, path);
    if (device === undefined) continue;
    if (/[\s\0/]/.test(name) || name === "") list.error(path, "must be the name of a device");
    const keys = ["hcaHandles", "hcaObjects"].filter(
      (key) => device[key] !== undefined && device[key] !== null,
    );
    for (const key of keys) list.integer(device, key, path, { max: UINT32_MAX });
    if (keys.length === 0) list.error(path, "must have hcaHandles, hcaObjects or both");
  }
}

function checkUnified(list: ProblemList, resources: Json, at: string): void {
  list.rule = "config-linux.md#unified";
  for (const [file, value] of list.texts(resources, "unified", at)) {
    const path = pathOf(pathOf(at, "unified"), file);
    if (/[/\0]/.test(file)) list.error(path, "must be a file name (no slashes)");
    else if (!/^[^.]+\../.test(file)) list.error(path, "must be in the form CONTROLLER.PARAMETER");
    if (value.includes("\0")) list.error(path, "must not contain a NUL byte");
  }
}
