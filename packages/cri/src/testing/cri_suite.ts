/**
 * What every CRI must do: run on ours in process and over gRPC, on the real engine and on our own.
 *
 * Neutral of the test runner: a list of named cases that throw when they fail. Each case makes its own pod and removes
 * it; the image must have a shell (busybox).
 *
 * @module
 */
import type { CriRuntime } from "../api/cri.ts";
import { badInputCases } from "./cases_bad_input.ts";
import { containerCases } from "./cases_container.ts";
import { execCases } from "./cases_exec.ts";
import { imageCases } from "./cases_image.ts";
import { logCases } from "./cases_log.ts";
import { podCases } from "./cases_pod.ts";

/** What a case works with. */
export interface CriUnderTest {
  readonly cri: CriRuntime;
  /** Reference of an image with a shell. */
  readonly image: string;
  /** An empty directory of the host, for logs and mounts. */
  readonly directory: string;
}

/** One case. */
export interface CriCase {
  readonly name: string;
  /** What the engine must have for it; absent: nothing particular. */
  readonly needs?: EngineFeature;
  run(subject: CriUnderTest): Promise<void>;
}

/** What an engine may lack. */
export type EngineFeature = "stats";

/** All cases. */
export function criSuite(): CriCase[] {
  return [...podCases, ...containerCases, ...logCases, ...execCases, ...imageCases, ...badInputCases];
}
