import type { MessageInitShape } from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import {
  LinuxContainerSecurityContextSchema as Container,
  NamespaceOptionSchema as Namespaces,
  LinuxSandboxSecurityContextSchema as Sandbox,
} from "../api/gen/runtime/v1/api_pb.ts";
import {
  NamespaceMode,
  SecurityProfile_ProfileType as Profile,
  SupplementalGroupsPolicy,
} from "../api/types.ts";
import { hasCode } from "../errors.ts";
import {
  containerNamespaces,
  containerSecurity,
  sandboxNamespaces,
  sandboxSecurity,
} from "./security_context.ts";

const security = (init: MessageInitShape<typeof Container>) => containerSecurity(create(Container, init));

function refused(work: () => unknown, text: RegExp): void {
  expect(work).toThrow(text);
  try {
    work();
  } catch (err) {
    expect(hasCode(err, "INVALID_ARGUMENT")).toBe(true);
  }
}

describe("containerSecurity()", () => {
  test("leaves what is not asked for to the engine", () => {
    const nothing = { host: {}, securityOpt: [], seccomp: { kind: "default" } };
    expect(containerSecurity(undefined)).toEqual(nothing);
    expect(security({})).toEqual(nothing);
  });

  test("converts user and groups", () => {
    expect(security({ runAsUser: { value: 0n } }).user).toBe("0");
    expect(security({ runAsUser: { value: 1n }, runAsGroup: { value: 2n } }).user).toBe("1:2");
    expect(security({ runAsUsername: "nobody", runAsGroup: { value: 0n } }).user).toBe("nobody:0");
    expect(security({ supplementalGroups: [7n, 8n] }).host.GroupAdd).toEqual(["7", "8"]);
    refused(() => security({ runAsGroup: { value: 2n } }), /^runAsGroup is specified without a runAsUser$/);
  });

  test("converts capabilities, root and privileges", () => {
    const { host, securityOpt } = security({
      capabilities: { addCapabilities: ["NET_ADMIN"], dropCapabilities: ["ALL"] },
      readonlyRootfs: true,
      noNewPrivs: true,
      maskedPaths: ["/proc/kcore"],
      readonlyPaths: ["/proc/sys"],
      selinuxOptions: { user: "u", level: "s0:c1" },
    });
    expect(host).toEqual({
      CapAdd: ["NET_ADMIN"],
      CapDrop: ["ALL"],
      ReadonlyRootfs: true,
      MaskedPaths: ["/proc/kcore"],
      ReadonlyPaths: ["/proc/sys"],
    });
    expect(securityOpt).toEqual(["label=user:u", "label=level:s0:c1", "no-new-privileges"]);
    expect(security({ privileged: true, maskedPaths: ["/x"] }).host).toEqual({ Privileged: true });
  });

  test("converts profiles, of the older fields too", () => {
    const seccomp = (profileType: Profile, localhostRef = "") =>
      security({ seccomp: { profileType, localhostRef } }).seccomp;
    expect(seccomp(Profile.RuntimeDefault)).toEqual({ kind: "default" });
    expect(seccomp(Profile.Unconfined)).toEqual({ kind: "unconfined" });
    expect(seccomp(Profile.Localhost, "/p.json")).toEqual({ kind: "local", ref: "/p.json" });
    expect(security({ seccompProfilePath: "localhost//p.json" }).seccomp).toEqual({
      kind: "local",
      ref: "/p.json",
    });
    expect(security({ seccompProfilePath: "unconfined" }).seccomp).toEqual({ kind: "unconfined" });
    expect(security({ apparmor: { profileType: Profile.Unconfined } }).securityOpt).toEqual([
      "apparmor=unconfined",
    ]);
    expect(security({ apparmorProfile: "localhost/mine" }).securityOpt).toEqual(["apparmor=mine"]);
    refused(() => security({ apparmorProfile: "what" }), /unknown security profile "what"/);
    refused(() => seccomp(9 as Profile), /unknown security profile type 9/);
  });

  test("refuses what the engine cannot do", () => {
    refused(() => security({ capabilities: { addAmbientCapabilities: ["CHOWN"] } }), /ambient/);
    refused(() => security({ supplementalGroupsPolicy: SupplementalGroupsPolicy.Strict }), /strict/);
  });
});

describe("sandboxSecurity()", () => {
  test("never gives the pause program anything", () => {
    const { host, securityOpt } = sandboxSecurity(create(Sandbox, { privileged: true }));
    expect(host).toEqual({ CapDrop: ["ALL"] });
    expect(securityOpt).toEqual(["no-new-privileges"]);
  });
});

describe("namespaces", () => {
  const options = (init: MessageInitShape<typeof Namespaces>) => create(Namespaces, init);

  test("of a sandbox", () => {
    expect(sandboxNamespaces(undefined)).toEqual({ NetworkMode: "default", IpcMode: "shareable" });
    const node = NamespaceMode.NODE;
    expect(sandboxNamespaces(options({ network: node, ipc: node, pid: node }))).toEqual({
      NetworkMode: "host",
      IpcMode: "host",
      PidMode: "host",
    });
  });

  test("of a container", () => {
    const joined = { NetworkMode: "container:s", IpcMode: "container:s" };
    expect(containerNamespaces(undefined, "s")).toEqual({ ...joined, PidMode: "container:s" });
    const own = options({ pid: NamespaceMode.CONTAINER, network: NamespaceMode.NODE });
    expect(containerNamespaces(own, "s")).toEqual({ ...joined, UTSMode: "host" });
    const target = options({ pid: NamespaceMode.TARGET, targetId: "t" });
    expect(containerNamespaces(target, "s")).toEqual({ ...joined, PidMode: "container:t" });
    refused(
      () => containerNamespaces(options({ usernsOptions: { mode: NamespaceMode.POD } }), "s"),
      /user namespaces of pods are not supported/,
    );
  });
});
