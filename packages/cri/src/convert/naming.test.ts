import { describe, expect, test } from "vitest";
import { makeLabels } from "./labels.ts";
import { containerMetadata, containerName, sandboxMetadata, sandboxName } from "./naming.ts";

const sandbox = { name: "web", namespace: "default", uid: "1-2-3", attempt: 4 };
const container = { name: "app", attempt: 5 };
const none = { labels: {}, annotations: {} };

describe("names", () => {
  test("are dockershim's", () => {
    expect(sandboxName(sandbox)).toBe("k8s_POD_web_default_1-2-3_4");
    expect(containerName(container, sandbox)).toBe("k8s_app_web_default_1-2-3_5");
  });

  test("are read back from what cri-dockerd made, with its random suffix too", () => {
    expect(sandboxMetadata({ labels: {}, name: "/k8s_POD_web_default_1-2-3_4" })).toEqual(sandbox);
    expect(sandboxMetadata({ labels: {}, name: "/k8s_POD_web_default_1-2-3_4_0a1b2c3d" })).toEqual(sandbox);
    expect(containerMetadata({ labels: {}, name: "/k8s_app_web_default_1-2-3_5" })).toEqual(container);
  });

  test("that are not ours give nothing", () => {
    for (const name of ["", "/web", "/k8s_a_b", "/k8s_POD_web_default_uid_x", "/k8s_POD_w_d_u_99999999999"]) {
      expect(sandboxMetadata({ labels: {}, name })).toBeUndefined();
      expect(containerMetadata({ labels: {}, name })).toBeUndefined();
    }
  });

  test("with the delimiter in them are kept by label", () => {
    const odd = { name: "a_b", namespace: "c_d", uid: "e_f", attempt: 1 };
    const labels = makeLabels(none, odd, {});
    expect(sandboxMetadata({ labels, name: `/${sandboxName(odd)}` })).toEqual(odd);
  });

  test("are not trusted blindly: a broken label falls back to the name, wrong types to nothing", () => {
    const name = "/k8s_app_web_default_1-2-3_5";
    expect(containerMetadata({ labels: { "io.rt.cri.metadata": "{" }, name })).toEqual(container);
    const labels = { "io.rt.cri.metadata": '{"name":7,"attempt":-1}' };
    expect(containerMetadata({ labels, name })).toEqual({ name: "", attempt: 0 });
  });
});
