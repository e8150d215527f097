/**
 * What the guest says about the command, told apart from what the command itself prints.
 *
 * The guest writes the command's output to one virtio port. Lines of its own begin with a nonce that the host chose
 * for this run, each after a newline of its own:
 *
 * | line | when |
 * |---|---|
 * | `<nonce> start <seconds since boot>` | before the command |
 * | `<nonce> exit <status>` | after it |
 *
 * @module
 */

/** What has been read so far. */
export interface GuestReport {
  /** How long the guest took from kernel start to the command; undefined before. Milliseconds. */
  readonly bootMs: number | undefined;
  /** Exit status of the command; undefined until it has ended. */
  readonly status: number | undefined;
}

/** Reads the port's bytes as they come. */
export interface MarkerReader extends GuestReport {
  /** Takes a chunk; returns what of it (and of what was held back) is the command's output. */
  push(chunk: Uint8Array): string;
  /** What was held back as the possible beginning of a marker, at the end of the stream. */
  end(): string;
}

/** Starts reading the output of a run with `nonce`. */
export function markerReader(nonce: string): MarkerReader {
  const decoder = new TextDecoder();
  const pattern = new RegExp(`\\n${nonce} (start|exit) ([0-9.]+)\\n`);
  let held = "";
  let bootMs: number | undefined;
  let status: number | undefined;
  return {
    get bootMs() {
      return bootMs;
    },
    get status() {
      return status;
    },
    push(chunk) {
      held += decoder.decode(chunk, { stream: true });
      let output = "";
      for (let match = pattern.exec(held); match !== null; match = pattern.exec(held)) {
        output += held.slice(0, match.index);
        held = held.slice(match.index + match[0].length);
        if (match[1] === "start") bootMs = Math.round(Number(match[2]) * 1000);
        else status = Number(match[2]);
      }
      const keep = heldFrom(held, nonce);
      output += held.slice(0, keep);
      held = held.slice(keep);
      return output;
    },
    end() {
      const rest = held;
      held = "";
      return rest;
    },
  };
}

/** Where in `text` a marker may have begun that has not ended yet. */
function heldFrom(text: string, nonce: string): number {
  const begin = `\n${nonce} `;
  const whole = text.lastIndexOf(begin);
  if (whole >= 0 && !text.slice(whole + begin.length).includes("\n")) return whole;
  const newline = text.lastIndexOf("\n");
  return newline >= 0 && begin.startsWith(text.slice(newline)) ? newline : text.length;
}
