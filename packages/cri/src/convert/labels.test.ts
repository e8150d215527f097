import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  isOurs,
  LOG_PATH_LABEL,
  labelFilter,
  logPathOf,
  makeLabels,
  matches,
  readLabels,
  TYPE_LABEL,
} from "./labels.ts";

describe("labels", () => {
  test("and annotations come back as they were given", () => {
    const key = fc.string({ minLength: 1, maxLength: 20 }).filter((k) => k !== "__proto__");
    const map = fc.dictionary(key, fc.string(), { noNullPrototype: true });
    fc.assert(
      fc.property(map, map, (labels, annotations) => {
        const all = makeLabels({ labels, annotations }, { name: "x" }, { [TYPE_LABEL]: "container" });
        expect(readLabels(all)).toEqual({ labels, annotations });
      }),
    );
  });

  test("of the image are not the container's", () => {
    const made = makeLabels({ labels: { a: "1" }, annotations: {} }, {}, { [TYPE_LABEL]: "container" });
    const merged = { maintainer: "x", "annotation.evil": "y", [LOG_PATH_LABEL]: "/etc/cron.d/x", ...made };
    expect(readLabels(merged)).toEqual({ labels: { a: "1" }, annotations: {} });
    expect(logPathOf(merged)).toBeUndefined();
  });

  test("that a user gives cannot take the place of ours", () => {
    const labels = {
      [TYPE_LABEL]: "podsandbox",
      [LOG_PATH_LABEL]: "/etc/passwd",
      "io.rt.cri.metadata": "{}",
    };
    const all = makeLabels({ labels, annotations: {} }, { name: "n" }, { [TYPE_LABEL]: "container" });
    expect(all[TYPE_LABEL]).toBe("container");
    expect(logPathOf(all)).toBeUndefined();
    expect(JSON.parse(all["io.rt.cri.metadata"] ?? "")).toMatchObject({ name: "n" });
  });

  test("of cri-dockerd are read without its own", () => {
    const all = {
      app: "web",
      "annotation.note": "n",
      [TYPE_LABEL]: "podsandbox",
      "io.kubernetes.container.name": "POD",
    };
    expect(readLabels(all)).toEqual({ labels: { app: "web" }, annotations: { note: "n" } });
  });

  test("alone do not make a container ours", () => {
    const labels = { [TYPE_LABEL]: "container" };
    expect(isOurs({ labels, name: "/k8s_a_b_c_d_0" }, "container")).toBe(true);
    expect(isOurs({ labels, name: "/evil" }, "container")).toBe(false);
    expect(isOurs({ labels, name: "/k8s_a_b_c_d_0" }, "podsandbox")).toBe(false);
  });

  test("select", () => {
    expect(labelFilter("container", { a: "b" })).toEqual({ label: ["a=b", `${TYPE_LABEL}=container`] });
    expect(matches({ a: "b" }, { a: "b", c: "d" })).toBe(true);
    expect(matches({ a: "x" }, { a: "b" })).toBe(false);
    expect(matches(undefined, {})).toBe(true);
  });
});
