/**
 * Commands of rt-docker that show or remove things.
 *
 * @module
 */
import { API_VERSION } from "../api/version.ts";
import { parseFlags } from "../oci.ts";
import { type Command, formatTable } from "./docker_table.ts";

/** Shortens an id as docker does. */
function short(id: string): string {
  return id.replace(/^sha256:/, "").slice(0, 12);
}

/** `rt-docker version`. */
export const showVersion: Command = async (engine) => {
  const version = await engine.system.version();
  console.log(`Client: rt-docker, API ${API_VERSION}`);
  console.log(`Server: ${version.Version}, API ${version.ApiVersion}, ${version.Os}/${version.Arch}`);
  for (const part of version.Components ?? []) console.log(`  ${part.Name} ${part.Version}`);
  return 0;
};

/** `rt-docker ps`. */
export const listContainers: Command = async (engine, argv) => {
  const { values } = parseFlags({ all: { type: "boolean", aliases: ["a"] } }, argv, { dialect: "pflag" });
  const list = await engine.containers.list({ all: values.all });
  const rows = list.map((c) => [
    short(c.Id),
    c.Image,
    c.Command,
    c.Status,
    c.Names.map((n) => n.slice(1)).join(","),
  ]);
  console.log(formatTable([["CONTAINER ID", "IMAGE", "COMMAND", "STATUS", "NAMES"], ...rows]));
  return 0;
};

/** `rt-docker images`. */
export const listImages: Command = async (engine) => {
  const list = await engine.images.list();
  const rows = list.flatMap((image) =>
    (image.RepoTags?.length ? image.RepoTags : ["<none>"]).map((tag) => [
      tag,
      short(image.Id),
      `${(image.Size / 1e6).toFixed(1)}MB`,
    ]),
  );
  console.log(formatTable([["IMAGE", "IMAGE ID", "SIZE"], ...rows]));
  return 0;
};

/** `rt-docker pull`. */
export const pullImage: Command = async (engine, argv) => {
  for await (const { status, id } of engine.images.pull(argv[0] ?? "")) {
    console.log(id === undefined ? status : `${id}: ${status}`);
  }
  return 0;
};

/** `rt-docker rm`. */
export const removeContainers: Command = async (engine, argv) => {
  const { values, args } = parseFlags({ force: { type: "boolean", aliases: ["f"] } }, argv, {
    dialect: "pflag",
  });
  for (const name of args) {
    await engine.containers.remove(name, { force: values.force });
    console.log(name);
  }
  return 0;
};
