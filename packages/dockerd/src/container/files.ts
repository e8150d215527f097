/**
 * The files that a container gets at its start: `hostname`, `hosts`, `resolv.conf`.
 *
 * Source: moby `daemon/libnetwork/etchosts`, `daemon/container_operations.go` buildSandboxOptions.
 *
 * @module
 */
import { readFile, writeFile } from "node:fs/promises";
import type { Sandbox } from "../network/network.ts";
import type { Container } from "./record.ts";
import type { ContainerPaths } from "./view.ts";

const LOCAL_HOSTS = [
  "127.0.0.1\tlocalhost",
  "::1\tlocalhost ip6-localhost ip6-loopback",
  "fe00::\tip6-localnet",
  "ff00::\tip6-mcastprefix",
  "ff02::1\tip6-allnodes",
  "ff02::2\tip6-allrouters",
];

/** Lines of `--add-host`: `name:address` becomes `address\tname`. */
function extraHosts(container: Container, gateway: string): string[] {
  return (container.hostConfig.ExtraHosts ?? []).map((entry) => {
    const cut = entry.search(/[:=]/);
    const address = entry.slice(cut + 1).replace(/^\[|\]$/g, "");
    return `${address === "host-gateway" ? gateway : address}\t${entry.slice(0, cut)}`;
  });
}

/** Writes the files for a container that gets `sandbox`; `inHostNamespace` if its network is the host's own. */
export async function writeContainerFiles(
  container: Container,
  paths: ContainerPaths,
  sandbox: Sandbox,
  inHostNamespace: boolean = sandbox.namespace.kind === "host",
): Promise<void> {
  const gateway = Object.values(sandbox.endpoints).find((e) => e.Gateway)?.Gateway ?? "127.0.0.1";
  const extra = extraHosts(container, gateway);
  const lines = inHostNamespace
    ? [(await readFile("/etc/hosts", "utf8").catch(() => "")).trimEnd(), ...extra]
    : [...LOCAL_HOSTS, ...extra, ...sandbox.hostsLines];
  const hostname = container.record.Config.Hostname ?? "";
  const domain = container.record.Config.Domainname ? `.${container.record.Config.Domainname}` : "";
  await Promise.all([
    writeFile(paths.hostname, `${hostname}${domain}\n`, { mode: 0o644 }),
    writeFile(paths.hosts, `${lines.filter((line) => line !== "").join("\n")}\n`, { mode: 0o644 }),
    writeFile(paths.resolvConf, sandbox.resolvConf, { mode: 0o644 }),
  ]);
}
