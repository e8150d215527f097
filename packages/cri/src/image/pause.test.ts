import { execFileSync } from "node:child_process";
import type { Engine, ImageImportOptions } from "@rt/dockerd/api";
import { describe, expect, test } from "vitest";
import { RtError } from "../errors.ts";
import { ensurePauseImage, PAUSE_IMAGE } from "./pause.ts";
import { programTar } from "./tar.ts";

/** An engine with no images that notes what is asked of it. */
function emptyEngine() {
  const imported: { options: ImageImportOptions; tar: Buffer }[] = [];
  const pulled: string[] = [];
  const labels: Record<string, string> = {};
  const images = {
    inspect: async () => {
      if (imported.length === 0) throw new RtError("NOT_FOUND", "No such image");
      return { Config: { Labels: labels } };
    },
    async *import(tar: AsyncIterable<Uint8Array>, options: ImageImportOptions) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of tar) chunks.push(chunk);
      imported.push({ options, tar: Buffer.concat(chunks) });
      const [key = "", value = ""] = (options.changes?.[1] ?? "").replace("LABEL ", "").split("=");
      labels[key] = value;
      yield {};
    },
    async *pull(name: string) {
      pulled.push(name);
      yield {};
    },
  };
  return { imported, pulled, labels, engine: { images } as unknown as Engine };
}

describe("the pause image", () => {
  test("is a tar that tar reads, with one executable file", () => {
    const tar = programTar("pause", Buffer.from("#!program"));
    const listed = execFileSync("tar", ["-tvf", "-"], { input: tar, encoding: "utf8" });
    expect(listed).toMatch(/^-rwxr-xr-x 0\/0\s+9 1970-01-01 \S+ pause\n$/);
    expect(execFileSync("tar", ["-xOf", "-", "pause"], { input: tar, encoding: "utf8" })).toBe("#!program");
    expect(programTar("pause", Buffer.from("#!program"))).toEqual(tar);
  });

  test("is made once, and again when its program is another", async () => {
    const { engine, imported, labels } = emptyEngine();
    await ensurePauseImage({ engine }, PAUSE_IMAGE, {});
    await ensurePauseImage({ engine }, PAUSE_IMAGE, {});
    expect(imported.length).toBe(1);
    expect(imported[0]?.options).toMatchObject({ repo: "rt/pause", tag: "1" });
    expect(imported[0]?.tar.subarray(512, 516).toString("latin1")).toBe("\x7fELF");
    labels["io.rt.cri.pause"] = "another";
    await ensurePauseImage({ engine }, PAUSE_IMAGE, {});
    expect(imported.length).toBe(2);
  });

  test("of another reference is pulled, never made", async () => {
    const { engine, imported, pulled } = emptyEngine();
    await ensurePauseImage({ engine }, "registry.test/pause", {});
    expect([imported.length, pulled]).toEqual([0, ["registry.test/pause:latest"]]);
  });
});
