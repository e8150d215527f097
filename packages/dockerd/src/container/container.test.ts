import { describe, expect, test } from "vitest";
import { codeOf, hasCode } from "../errors.ts";
import { containerCapabilities, DEFAULT_CAPABILITIES } from "./capabilities.ts";
import { commandOf, mergeConfig } from "./config_merge.ts";
import { createDetachFilter, parseKeys } from "./detach_keys.ts";
import { containerEnvironment, mergeEnvironment } from "./environment.ts";
import { parseBind, parseMount } from "./mount_points.ts";
import { ADJECTIVES, SURNAMES } from "./name_words.ts";
import { checkName, newId, randomName } from "./names.ts";
import { type ContainerRecord, containerOf, freshState, statusOf } from "./record.ts";
import { restartDelay } from "./restart_policy.ts";
import { parseSecurityOptions } from "./security_opt.ts";
import { parseSignal } from "./signals.ts";
import { startFailure } from "./start_error.ts";
import { ProcessStreams } from "./streams.ts";
import { parsePs } from "./top.ts";
import { humanDuration } from "./units.ts";
import { resolveUser } from "./user.ts";

describe("names", () => {
  test("newId() is 64 hex digits that do not look like a number", () => {
    for (let i = 0; i < 50; i++) expect(newId()).toMatch(/^(?![0-9]{12})[0-9a-f]{64}$/);
  });
  test("randomName() is adjective_surname of the lists, with a digit on later attempts", () => {
    const [adjective, surname] = randomName(0).split("_");
    expect(ADJECTIVES).toContain(adjective);
    expect(SURNAMES).toContain(surname);
    expect(randomName(1)).toMatch(/^[a-z]+_[a-z]+[0-9]$/);
    expect(new Set(SURNAMES).size).toBe(SURNAMES.length);
    expect(new Set(ADJECTIVES).size).toBe(ADJECTIVES.length);
  });
  test.each(["a", "-a", "a b", "", "ä1", "a/b"])("checkName(%j) is refused", (name) => {
    expect(() => checkName(name)).toThrow(/Invalid container name/);
  });
  test("checkName() takes the leading slash off", () => expect(checkName("/web.1-x_y")).toBe("web.1-x_y"));
});

describe("mergeConfig()", () => {
  const image = {
    Env: ["PATH=/bin", "A=image"],
    Cmd: ["sh"],
    Entrypoint: ["/init"],
    Labels: { a: "1", b: "1" },
    User: "u",
    WorkingDir: "/w",
  };
  test("the user's words win, the image fills up", () => {
    expect(mergeConfig({ Env: ["A=user"], Labels: { a: "2" } }, image)).toMatchObject({
      Env: ["A=user", "PATH=/bin"],
      Labels: { a: "2", b: "1" },
      Cmd: ["sh"],
      Entrypoint: ["/init"],
      User: "u",
      WorkingDir: "/w",
    });
  });
  test("an entry point of the user's drops the image's command", () => {
    expect(mergeConfig({ Entrypoint: ["/x"] }, image).Cmd).toBeUndefined();
    expect(mergeConfig({ Entrypoint: [""], Cmd: ["y"] }, image)).toMatchObject({
      Entrypoint: null,
      Cmd: ["y"],
    });
    expect(mergeConfig({ Cmd: ["y"] }, image)).toMatchObject({ Entrypoint: ["/init"], Cmd: ["y"] });
  });
  test("commandOf() refuses nothing", () => expect(() => commandOf({})).toThrow("no command specified"));
});

describe("resolveUser()", () => {
  const files = {
    passwd: "root:x:0:0::/root:/bin/sh\nweb:x:33:34::/:/bin/sh\n",
    group: "root:x:0:\nstaff:x:50:web,x\nwww:x:34:\n",
  };
  test.each([
    ["", { uid: 0, gid: 0, additionalGids: [0] }],
    ["web", { uid: 33, gid: 34, additionalGids: [34, 50] }],
    ["33", { uid: 33, gid: 34, additionalGids: [34, 50] }],
    ["1000", { uid: 1000, gid: 0, additionalGids: [0] }],
    ["web:staff", { uid: 33, gid: 50, additionalGids: [50] }],
    ["1:7", { uid: 1, gid: 7, additionalGids: [7] }],
  ])("%j", (spec, user) => expect(resolveUser(spec, files)).toEqual(user));
  test("adds groups", () =>
    expect(resolveUser("", files, ["staff", "9"]).additionalGids).toEqual([0, 50, 9]));
  test("refuses unknown names with Docker's text", () => {
    expect(() => resolveUser("nope", files)).toThrow(
      "unable to find user nope: no matching entries in passwd file",
    );
    expect(() => resolveUser("0:nope", files)).toThrow(
      "unable to find group nope: no matching entries in group file",
    );
    expect(() => resolveUser("99999999999", files)).toThrow(/must be in range/);
  });
});

describe("capabilities", () => {
  const available = [...DEFAULT_CAPABILITIES, "CAP_SYS_ADMIN"];
  const none = { add: [], drop: [], privileged: false, available };
  test("there are Docker's 14 by default", () => expect(containerCapabilities(none)).toHaveLength(14));
  test("drop ALL leaves what is added", () => {
    expect(containerCapabilities({ ...none, drop: ["ALL"], add: ["net_admin", "CAP_CHOWN"] })).toEqual([
      "CAP_NET_ADMIN",
      "CAP_CHOWN",
    ]);
  });
  test("ALL and privileged give what the engine has, no more", () => {
    expect(containerCapabilities({ ...none, privileged: true })).toEqual(available);
    expect(containerCapabilities({ ...none, add: ["ALL"], drop: ["CHOWN"] })).toEqual(available.slice(1));
  });
  test("an unknown one is refused", () => {
    expect(() => containerCapabilities({ ...none, add: ["NOPE"] })).toThrow('unknown capability: "CAP_NOPE"');
  });
});

describe("mounts", () => {
  test.each([
    ["/a:/b", { type: "bind", source: "/a", destination: "/b", rw: true, propagation: "rprivate" }],
    ["/a:/b:ro,rslave", { type: "bind", rw: false, propagation: "rslave" }],
    ["vol:/b/../c", { type: "volume", source: "vol", destination: "/c", rw: true }],
    ["/data", { type: "volume", source: "", destination: "/data" }],
    ["vol:/b:nocopy", { type: "volume", copy: false }],
  ])("parseBind(%j)", (spec, wish) => expect(parseBind(spec)).toMatchObject(wish));
  test.each(["", ":", "a:b", "/a:b", "/a:/", "/a:/b:zz", "a b:/c", "/a:/b:ro:x"])(
    "parseBind(%j) is refused",
    (spec) => {
      try {
        parseBind(spec);
        expect.unreachable();
      } catch (err) {
        expect(codeOf(err)).toBe("INVALID_ARGUMENT");
      }
    },
  );
  test("parseMount() refuses what it cannot do", () => {
    expect(() => parseMount({ Type: "bind", Target: "/x" })).toThrow(/field Source must not be empty/);
    expect(() => parseMount({ Type: "bind", Source: "/s" })).toThrow(/field Target must not be empty/);
    expect(() => parseMount({ Type: "volume", Target: "/" })).toThrow(/destination can't be '\/'/);
    expect(() => parseMount({ Type: "npipe", Target: "/x" })).toThrow(/not supported/);
  });
});

test("createDetachFilter() takes the keys out, wherever the input is cut", () => {
  let detached = 0;
  const filter = createDetachFilter(undefined, () => detached++);
  expect([...filter(Uint8Array.of(97, 16))]).toEqual([97]);
  expect([...filter(Uint8Array.of(98))]).toEqual([16, 98]);
  expect([...filter(Uint8Array.of(16, 16, 17))]).toEqual([16]);
  expect(detached).toBe(1);
  expect([...parseKeys("a,ctrl-@,ctrl-],DEL")]).toEqual([97, 0, 29, 127]);
  expect(() => parseKeys("ctrl-")).toThrow(/Invalid detach keys/);
});

test("the environment has PATH and HOSTNAME, and the user's words last", () => {
  expect(containerEnvironment({ Hostname: "h", Tty: true, Env: ["PATH=/x", "A=1"] })).toEqual([
    "PATH=/x",
    "HOSTNAME=h",
    "TERM=xterm",
    "A=1",
  ]);
  expect(mergeEnvironment(["A=1", "B=2"], ["A"])).toEqual(["B=2"]);
});

test.each([
  ["KILL", 9],
  ["sigterm", 15],
  ["9", 9],
  ["RTMIN+3", 37],
  ["SIGRTMAX", 64],
])("parseSignal(%j) is %i", (text, number) => expect(parseSignal(text)).toBe(number));

test.each(["0", "65", "NOPE", "", "RTMIN+99", "-9"])("parseSignal(%j) is refused", (text) => {
  expect(() => parseSignal(text)).toThrow(/invalid signal/);
});

test.each([
  ['exec: "x": executable file not found in $PATH', 127],
  ['exec: "/x": stat /x: no such file or directory', 127],
  ['exec: "/x": permission denied', 126],
  ['exec: "/x": is a directory', 126],
  ["mount /a: not a directory", 127],
  ["cgroup on fire", 128],
])("startFailure(%j) is exit code %i", (text, exitCode) =>
  expect(startFailure(new Error(text)).exitCode).toBe(exitCode),
);

test("startFailure() of what came before the runtime is no missing command", () => {
  expect(startFailure(new Error("no such file or directory"), false).exitCode).toBe(128);
});

test.each([
  [0.4, "Less than a second"],
  [1, "1 second"],
  [59, "59 seconds"],
  [60, "About a minute"],
  [3599, "59 minutes"],
  [3700, "About an hour"],
  [86_400 * 3, "3 days"],
  [86_400 * 20, "2 weeks"],
  [86_400 * 100, "3 months"],
])("humanDuration(%d) is %s", (seconds, text) => expect(humanDuration(seconds)).toBe(text));

test("parseSecurityOptions()", () => {
  expect(parseSecurityOptions(["no-new-privileges", "seccomp=unconfined"])).toMatchObject({
    noNewPrivileges: true,
    seccomp: "unconfined",
  });
  expect(parseSecurityOptions(["no-new-privileges:false"]).noNewPrivileges).toBe(false);
  expect(() => parseSecurityOptions(["nope=1"])).toThrow('invalid --security-opt 2: "nope=1"');
  expect(() => parseSecurityOptions(["seccomp={bad"])).toThrow(/Decoding seccomp profile failed/);
});

test("parsePs() takes the container's processes, commands whole", () => {
  const output = "UID  PID CMD\nroot 1 /sbin/init x\nroot 7 sleep 9 9\n";
  expect(parsePs(output, new Set([7]))).toEqual({
    Titles: ["UID", "PID", "CMD"],
    Processes: [["root", "7", "sleep 9 9"]],
  });
  expect(() => parsePs("A B\n", new Set())).toThrow("Couldn't find PID field in ps output");
});

describe("restartDelay()", () => {
  const container = (Name: "no" | "always" | "on-failure" | "unless-stopped", MaximumRetryCount = 0) =>
    containerOf({ State: freshState(), RestartCount: 0, HasBeenManuallyStopped: false } as ContainerRecord, {
      RestartPolicy: { Name, MaximumRetryCount },
    });
  test("doubles from 100 ms, and begins anew after a good run", () => {
    const c = container("always");
    expect([restartDelay(c, 0, 1), restartDelay(c, 0, 1), restartDelay(c, 0, 1)]).toEqual([100, 200, 400]);
    expect(restartDelay(c, 0, 20_000)).toBe(100);
    for (let i = 0; i < 20; i++) restartDelay(c, 0, 1);
    expect(restartDelay(c, 0, 1)).toBe(60_000);
  });
  test("no, manual stop, success and too many failures end it", () => {
    expect(restartDelay(container("no"), 1, 1)).toBeUndefined();
    expect(restartDelay(container("on-failure"), 0, 1)).toBeUndefined();
    const c = container("on-failure", 2);
    c.record.RestartCount = 2;
    expect(restartDelay(c, 1, 1)).toBeUndefined();
    const stopped = container("always");
    stopped.record.HasBeenManuallyStopped = true;
    expect(restartDelay(stopped, 0, 1)).toBeUndefined();
  });
});

test("statusOf() of each state", () => {
  const state = freshState();
  expect(statusOf(state)).toBe("created");
  state.StartedAt = "2026-01-01T00:00:00Z";
  expect(statusOf(state)).toBe("exited");
  expect(statusOf({ ...state, Running: true })).toBe("running");
  expect(statusOf({ ...state, Running: true, Paused: true })).toBe("paused");
  expect(statusOf({ ...state, Running: true, Restarting: true })).toBe("restarting");
  expect(statusOf({ ...state, RemovalInProgress: true })).toBe("removing");
});

describe("ProcessStreams", () => {
  const chunk = { stream: "stdout" as const, data: Uint8Array.of(1) };
  test("a listener gets what it wants from when it came, to the end", async () => {
    const streams = new ProcessStreams();
    streams.publish(chunk);
    const listener = streams.subscribe({ stdout: true, stderr: false });
    streams.publish(chunk);
    streams.publish({ ...chunk, stream: "stderr" });
    streams.end();
    const got = [];
    for await (const c of listener) got.push(c.stream);
    expect(got).toEqual(["stdout"]);
  });
  test("a slow listener makes the writer wait, one that left does not", async () => {
    const streams = new ProcessStreams();
    const listener = streams.subscribe({ stdout: true, stderr: true });
    let waiting: Promise<unknown> | undefined;
    for (let i = 0; i < 100 && waiting === undefined; i++) waiting = streams.publish(chunk);
    expect(waiting).toBeDefined();
    await listener.return?.();
    await waiting;
    expect(streams.publish(chunk)).toBeUndefined();
  });
  test("input waits for the process, and is refused after its end", async () => {
    const streams = new ProcessStreams();
    const seen: number[] = [];
    const written = streams.write(Uint8Array.of(5));
    streams.connect({ write: async (d) => void seen.push(...d), close: async () => void seen.push(-1) });
    await written;
    await streams.close();
    expect(seen).toEqual([5, -1]);
    await expect(streams.write(Uint8Array.of(6))).rejects.toSatisfy((err) => hasCode(err, "CANCELED"));
  });
});
