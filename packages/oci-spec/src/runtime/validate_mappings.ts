/**
 * Checks of lists of id mappings.
 *
 * Source: user_namespaces(7), section "User and group ID mappings": 1 to 340 lines, no overlap on either side.
 *
 * @module
 */
import { type Json, type ProblemList, pathOf, UINT32_MAX } from "./problem.ts";

const LINES_MAX = 340;

/** Checks the list `o[key]`; gives the number of its entries. */
export function checkIdMappings(list: ProblemList, o: Json, key: string, at: string): number {
  const inside: [first: number, size: number][] = [];
  const outside: [first: number, size: number][] = [];
  let count = 0;
  list.each(o, key, at, (mapping, path) => {
    count++;
    const container = list.integer(mapping, "containerID", path, { required: true, max: UINT32_MAX });
    const host = list.integer(mapping, "hostID", path, { required: true, max: UINT32_MAX });
    const size = list.integer(mapping, "size", path, { required: true, min: 1, max: UINT32_MAX });
    if (container === undefined || host === undefined || size === undefined) return;
    place(list, inside, container, size, `${path}.containerID`);
    place(list, outside, host, size, `${path}.hostID`);
  });
  if (count > LINES_MAX) list.error(pathOf(at, key), `must have at most ${LINES_MAX} entries, has ${count}`);
  return count;
}

function place(
  list: ProblemList,
  ranges: [number, number][],
  first: number,
  size: number,
  path: string,
): void {
  if (first + size > UINT32_MAX + 1)
    list.error(path, `must leave room for ${size} ids below 2^32, is ${first}`);
  else if (ranges.length <= LINES_MAX && ranges.some(([f, s]) => first < f + s && f < first + size)) {
    list.error(path, `must not overlap another entry, is ${first}`);
  }
  ranges.push([first, size]);
}
