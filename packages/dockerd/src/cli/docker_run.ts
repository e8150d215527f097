/**
 * `rt-docker run` and `rt-docker logs`.
 *
 * @module
 */
import type { AttachStream, Engine, OutputChunk } from "../api/engine.ts";
import type { ContainerCreateRequest } from "../api/types/index.ts";
import { errorLine } from "../errors.ts";
import { parseFlags } from "../oci.ts";
import type { Command } from "./docker_table.ts";

/** Writes output where it belongs. */
async function show(output: AsyncIterable<OutputChunk>): Promise<void> {
  for await (const { stream, data } of output) {
    const target = stream === "stderr" ? process.stderr : process.stdout;
    if (!target.write(data)) await new Promise((resolve) => target.once("drain", resolve));
  }
}

/** Sends our input until it ends. */
async function feed(attached: AttachStream): Promise<void> {
  for await (const data of process.stdin) await attached.write(data as Uint8Array);
  await attached.closeInput();
}

/** Creates the container; pulls its image first if it is not there. */
async function create(
  engine: Engine,
  request: ContainerCreateRequest,
  name: string | undefined,
): Promise<string> {
  const options = name === undefined ? {} : { name };
  try {
    return (await engine.containers.create(request, options)).Id;
  } catch (err) {
    if (!errorLine(err).startsWith("No such image")) throw err;
    for await (const { status } of engine.images.pull(request.Image ?? "")) console.error(status);
    return (await engine.containers.create(request, options)).Id;
  }
}

/** `rt-docker run`: exits with the container's status; 125 to 127 as docker. */
export const runContainer: Command = async (engine, argv) => {
  const { values, args } = parseFlags(
    {
      detach: { type: "boolean", aliases: ["d"] },
      interactive: { type: "boolean", aliases: ["i"] },
      rm: { type: "boolean" },
      name: { type: "string" },
      network: { type: "string" },
      env: { type: "string", list: true, aliases: ["e"] },
      volume: { type: "string", list: true, aliases: ["v"] },
      workdir: { type: "string", aliases: ["w"] },
      user: { type: "string", aliases: ["u"] },
    } as const,
    argv,
    { dialect: "pflag", stopAtPositional: true },
  );
  const [Image = "", ...Cmd] = args;
  const id = await create(
    engine,
    {
      Image,
      Cmd: Cmd.length === 0 ? null : Cmd,
      Env: values.env,
      WorkingDir: values.workdir ?? "",
      User: values.user ?? "",
      AttachStdin: values.interactive,
      OpenStdin: values.interactive,
      StdinOnce: values.interactive && !values.detach,
      AttachStdout: !values.detach,
      AttachStderr: !values.detach,
      HostConfig: {
        AutoRemove: values.rm,
        Binds: values.volume,
        ...(values.network === undefined ? {} : { NetworkMode: values.network }),
      },
    },
    values.name,
  );
  if (values.detach) {
    await engine.containers.start(id);
    console.log(id);
    return 0;
  }
  const attached = await engine.containers.attach(id, {
    stream: true,
    stdin: values.interactive,
    stdout: true,
    stderr: true,
  });
  const { result } = await engine.containers.wait(id, { condition: values.rm ? "removed" : "next-exit" });
  const output = show(attached.output);
  if (values.interactive) void feed(attached).catch(() => {});
  try {
    await engine.containers.start(id);
  } catch (err) {
    const text = errorLine(err);
    console.error(`rt-docker: ${text}`);
    if (/permission denied/i.test(text)) return 126;
    return /not found|no such file/i.test(text) ? 127 : 125;
  }
  await output;
  return (await result).StatusCode;
};

/** `rt-docker logs`. */
export const showLogs: Command = async (engine, argv) => {
  const { values, args } = parseFlags(
    { follow: { type: "boolean", aliases: ["f"] }, tail: { type: "string", aliases: ["n"] } } as const,
    argv,
    { dialect: "pflag" },
  );
  const logs = await engine.containers.logs(args[0] ?? "", {
    stdout: true,
    stderr: true,
    follow: values.follow,
    ...(values.tail === undefined ? {} : { tail: values.tail }),
  });
  await show(logs.output);
  return 0;
};
