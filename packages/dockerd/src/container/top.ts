/**
 * Lists the processes of a container, with the host's `ps`.
 *
 * Source: moby `daemon/top_unix.go`.
 *
 * @module
 */
import type { ContainerTopResponse } from "../api/types/index.ts";
import { InvalidParameterError, RtError } from "../errors.ts";
import { runProgram } from "../host/run_program.ts";
import { NAMESPACE } from "../image/contents.ts";
import type { ContainerDeps } from "./deps.ts";
import type { Container } from "./record.ts";
import { requireRunning } from "./start.ts";

/** Arguments of `ps` if nobody says. */
const DEFAULT_ARGS = "-ef";

/** Takes the lines of `ps` that are about `pids`. @throws {RtError} with Docker's text if there is no PID column. */
export function parsePs(output: string, pids: ReadonlySet<number>): ContainerTopResponse {
  const [head = "", ...lines] = output.split("\n");
  const Titles = head.split(/\s+/).filter((title) => title !== "");
  const column = Titles.indexOf("PID");
  if (column < 0) throw new RtError("UNKNOWN", "Couldn't find PID field in ps output");
  const Processes = lines.flatMap((line) => {
    const fields = line.split(/\s+/).filter((field) => field !== "");
    if (fields.length === 0 || !pids.has(Number(fields[column]))) return [];
    const last = Titles.length - 1;
    return [[...fields.slice(0, last), fields.slice(last).join(" ")]];
  });
  return { Titles, Processes };
}

/** The processes of `container`. @throws `CONFLICT` if it does not run. */
export async function topContainer(
  deps: ContainerDeps,
  container: Container,
  psArgs: string = DEFAULT_ARGS,
): Promise<ContainerTopResponse> {
  requireRunning(container);
  if (/(?:^|\s)-?(?:[a-zA-Z]*\s)?.*\bpid\b\s*=/i.test(psArgs) && /\bpid\s*=\s*(?!PID\b)/i.test(psArgs)) {
    throw new InvalidParameterError(`specifying "${psArgs}" is not allowed`);
  }
  const pids = await deps.containerd.tasks.pids(container.id, { namespace: NAMESPACE });
  const args = psArgs.split(/\s+/).filter((arg) => arg !== "");
  const { stdout } = await runProgram("ps", args);
  return parsePs(stdout, new Set(pids.map(({ pid }) => pid)));
}
