/**
 * `rt-ctr events`.
 *
 * @module
 */
import { decodeEvent } from "../../api/wire/event.ts";
import type { Command } from "./command.ts";

/** Shows events until interrupted. */
export const eventsCommand: Command = {
  name: "events",
  aliases: ["event"],
  usage: "display containerd events",
  async run({ containerd, call, out }, args) {
    for await (const envelope of containerd.events.subscribe(args, call)) {
      const { topic: _topic, ...fields } = decodeEvent(envelope) ?? {
        topic: "",
        type: envelope.event.typeUrl,
      };
      out(
        `${envelope.timestamp.toISOString()} ${envelope.namespace} ${envelope.topic} ${JSON.stringify(fields)}`,
      );
    }
    return 0;
  },
};
