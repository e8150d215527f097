/**
 * `tree`: the live processes of a stack, each with the layer it belongs to.
 *
 * @module
 */
import type { StackPaths } from "./paths.ts";
import { type ProcessInfo, stackProcesses } from "./processes.ts";

/** The tree as lines, e.g. `├─ containerd-shim 4711  (runc: monitor)`. */
export function tree(paths: StackPaths): string[] {
  const all = stackProcesses(paths.root);
  const pids = new Set(all.map((p) => p.pid));
  const children = Map.groupBy(all, (p) => (pids.has(p.ppid) ? p.ppid : 0));
  const lines: string[] = [];
  const walk = (parent: number, indent: string): void => {
    const list = children.get(parent) ?? [];
    list.forEach((p, i) => {
      const last = i === list.length - 1;
      lines.push(`${indent}${last ? "└─" : "├─"} ${describe(p, paths)}`);
      walk(p.pid, `${indent}${last ? "   " : "│  "}`);
    });
  };
  walk(0, "");
  return lines;
}

/** One process: name, pid, layer. */
function describe(p: ProcessInfo, paths: StackPaths): string {
  const command = p.args.join(" ");
  const known: readonly (readonly [RegExp, string, string])[] = [
    [/containerd\/dist\/cli\/main\.js/, "rt-containerd", `@rt/containerd  ${paths.containerdSocket}`],
    [/dockerd\/dist\/cli\/main\.js/, "rt-dockerd", `@rt/dockerd  ${paths.dockerSocket}`],
    [/cri\/dist\/cli\/main\.js/, "rt-cri", `@rt/cri  ${paths.criSocket}`],
    [/dockerd\/dist\/cli\/proxy\.js|rt-docker-proxy/, "rt-docker-proxy", "@rt/dockerd"],
    [/shim\/dist\/cli\/main\.js|containerd-shim-rt-v2/, "containerd-shim-rt-v2", "@rt/shim  task service"],
  ];
  const hit = known.find(([pattern]) => pattern.test(command));
  if (hit !== undefined) return `${hit[1]} ${p.pid}  (${hit[2]})${namespaceOf(p)}`;
  if (p.comm === "rt-docker-proxy") return `rt-docker-proxy ${p.pid}  (@rt/dockerd  one published port)`;
  if (/^rt-.*-port$/.test(p.comm)) return `${p.comm} ${p.pid}  (kernel port)`;
  if (p.comm === "containerd-shim") return `containerd-shim ${p.pid}  (@rt/shim  monitor)${idOf(p)}`;
  return `${p.args.join(" ").slice(0, 60) || p.comm} ${p.pid}`;
}

function argAfter(p: ProcessInfo, flag: string): string | undefined {
  const words = p.args.join(" ").split(" ");
  const at = words.indexOf(flag);
  return at < 0 ? undefined : words[at + 1];
}

function namespaceOf(p: ProcessInfo): string {
  const namespace = argAfter(p, "-namespace");
  return namespace === undefined ? "" : `  namespace ${namespace}`;
}

function idOf(p: ProcessInfo): string {
  const id = argAfter(p, "-id");
  return id === undefined ? "" : `  container ${id.slice(0, 12)}`;
}
