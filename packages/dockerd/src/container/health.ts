/**
 * Health checks: runs a command in the container from time to time and remembers how it ended.
 *
 * Source: moby `daemon/health.go`.
 *
 * @module
 */
import type { HealthConfig, HealthLog } from "../api/types/index.ts";
import { formatNano } from "../time.ts";
import { type ContainerDeps, publishContainer } from "./deps.ts";
import type { Container } from "./record.ts";

/** Nanoseconds of a second. */
const SECOND = 1_000_000_000;

const DEFAULTS = { interval: 30 * SECOND, timeout: 30 * SECOND, startInterval: 5 * SECOND, retries: 3 };

/** How many runs are remembered. */
const KEPT_RUNS = 5;

/** How much output of a run is remembered. Characters. */
const KEPT_OUTPUT = 4096;

/** How a check ended. */
export interface ProbeResult {
  readonly exitCode: number;
  readonly output: string;
}

/** Runs a command in the container, for at most `timeoutMs`. */
export type Probe = (
  container: Container,
  command: readonly string[],
  timeoutMs: number,
) => Promise<ProbeResult>;

/** The command of a check; undefined if there is none. */
export function probeCommand(
  config: HealthConfig | null | undefined,
  shell: readonly string[],
): string[] | undefined {
  const [kind, ...rest] = config?.Test ?? [];
  if (kind === "CMD") return rest;
  if (kind === "CMD-SHELL") return [...shell, rest[0] ?? ""];
  return undefined;
}

/** Begins the checks of a container that has started. */
export function startHealth(deps: ContainerDeps, container: Container): void {
  const { Config, State } = container.record;
  const check = Config.Healthcheck;
  const command = probeCommand(check, Config.Shell?.length ? Config.Shell : ["/bin/sh", "-c"]);
  container.stopHealth?.();
  container.stopHealth = undefined;
  if (check === undefined || check === null || command === undefined || command.length === 0) {
    delete State.Health;
    return;
  }
  State.Health = { Status: "starting", FailingStreak: 0, Log: [] };
  const started = performance.now();
  const ms = (nanoseconds: number): number => nanoseconds / 1e6;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  container.stopHealth = () => {
    stopped = true;
    clearTimeout(timer);
  };
  const run = async (): Promise<void> => {
    const Start = formatNano(deps.clock());
    const timeout = ms(check.Timeout || DEFAULTS.timeout);
    const result = await deps
      .probe(container, command, timeout)
      .catch((err): ProbeResult => ({ exitCode: -1, output: String((err as Error).message) }));
    if (stopped) return;
    const inStart = performance.now() - started < ms(check.StartPeriod ?? 0);
    record(
      {
        Start,
        End: formatNano(deps.clock()),
        ExitCode: result.exitCode,
        Output: result.output.slice(0, KEPT_OUTPUT),
      },
      inStart,
    );
    next();
  };
  const record = (log: HealthLog, inStart: boolean): void => {
    const before = State.Health!;
    const runs = [...before.Log, log].slice(-KEPT_RUNS);
    let { Status, FailingStreak } = before;
    if (log.ExitCode === 0) {
      FailingStreak = 0;
      Status = "healthy";
    } else if (!(inStart && Status === "starting")) {
      FailingStreak++;
      if (FailingStreak >= (check.Retries || DEFAULTS.retries)) Status = "unhealthy";
    }
    State.Health = { Status, FailingStreak, Log: runs };
    if (Status !== before.Status) publishContainer(deps, container, `health_status: ${Status}`);
    void deps.store
      .save(container)
      .catch((err) => deps.log.warn("cannot save health", { container: container.id, err }));
  };
  const next = (): void => {
    const inStart =
      performance.now() - started < ms(check.StartPeriod ?? 0) && State.Health?.Status === "starting";
    const wait = inStart
      ? check.StartInterval || DEFAULTS.startInterval
      : check.Interval || DEFAULTS.interval;
    timer = setTimeout(() => void run(), ms(wait));
    timer.unref();
  };
  next();
}
