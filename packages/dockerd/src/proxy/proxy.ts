/**
 * Port proxies as the engine holds them: started, listening, stopped.
 *
 * @module
 */
import { errnoName, type Kernel, type Launch } from "@rt/containerd/kernel";
import { RtError } from "@rt/containerd/oci";
import { LISTENING, type ProxyAddresses, proxyProgram } from "./program.ts";

/** A proxy that listens. */
export interface PortProxy {
  readonly pid: number;
  /** Ends it; connections that are open go on until one side closes. */
  stop(): Promise<void>;
}

/**
 * Starts the proxy of one TCP port and resolves when it listens.
 *
 * @throws {RtError} `CONFLICT` if the port is taken, with docker-proxy's text
 *   `listen tcp4 0.0.0.0:80: bind: address already in use`; `INTERNAL` for anything else.
 */
export async function startProxy(kernel: Kernel, addresses: ProxyAddresses): Promise<PortProxy> {
  const launch = await kernel.launch(proxyProgram(addresses), { argv: proxyArgv(addresses) });
  await listening(launch, addresses);
  return {
    pid: launch.pid,
    async stop() {
      kill(launch.pid);
      await launch.exited;
    },
  };
}

/** The command line that `ps` shows: docker-proxy's flags. */
export function proxyArgv(a: ProxyAddresses): string[] {
  const host = ["-host-ip", a.hostIp, "-host-port", `${a.hostPort}`];
  const container = ["-container-ip", a.containerIp, "-container-port", `${a.containerPort}`];
  return ["rt-docker-proxy", "-proto", "tcp", ...host, ...container];
}

/** Reads records until the port is listened on; the rest is read in the background. */
async function listening(launch: Launch, a: ProxyAddresses): Promise<void> {
  const records = launch.records[Symbol.asyncIterator]();
  for (let next = await records.next(); next.done !== true; next = await records.next()) {
    const record = next.value;
    if (record.kind === "value" && record.tag === LISTENING) {
      void drain(records);
      return;
    }
    if (record.kind === "failure") {
      await launch.exited;
      throw failure(a, record.name, record.errno);
    }
  }
  throw new RtError("INTERNAL", "cannot start userland proxy: it ended before it listened");
}

async function drain(records: AsyncIterator<unknown>): Promise<void> {
  while ((await records.next()).done !== true);
}

function failure(a: ProxyAddresses, step: string, errno: number): RtError {
  const family = a.hostIp.includes(":") ? `tcp6 [${a.hostIp}]` : `tcp4 ${a.hostIp}`;
  const name = errnoName(errno);
  const known: Readonly<Record<string, string>> = {
    EADDRINUSE: "address already in use",
    EADDRNOTAVAIL: "cannot assign requested address",
    EACCES: "permission denied",
  };
  const text = `listen ${family}:${a.hostPort}: ${step}: ${known[name] ?? name}`;
  return new RtError(name === "EADDRINUSE" ? "CONFLICT" : "INTERNAL", text, { details: { errno } });
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}
