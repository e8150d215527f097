import { describe, expect, test } from "vitest";
import { createDigester, digestOf, isDigest, parseDigest, verifyDigest, verifyStream } from "./digest.ts";

const empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const bytes = (text: string) => new TextEncoder().encode(text);

async function pass(stream: TransformStream<Uint8Array, Uint8Array>, ...chunks: string[]): Promise<string> {
  const source = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const c of chunks) controller.enqueue(bytes(c));
      controller.close();
    },
  });
  return new Response(source.pipeThrough(stream) as unknown as BodyInit).text();
}

describe("parseDigest()", () => {
  test.each([
    ["", "invalid checksum digest format"],
    ["sha256", "invalid checksum digest format"],
    [":abc", "invalid checksum digest format"],
    ["sha256:", "invalid checksum digest format"],
    ["sha256:abc", "invalid checksum digest length"],
    [`sha256:${"A".repeat(64)}`, "invalid checksum digest format"],
    [`sha256:${"/".repeat(64)}`, "invalid checksum digest format"],
    [`sha512:${"a".repeat(64)}`, "invalid checksum digest length"],
    ["md5:d41d8cd98f00b204e9800998ecf8427e", "unsupported digest algorithm"],
    ["constructor:abc", "unsupported digest algorithm"],
    ["sha256+b64u:abc", "unsupported digest algorithm"],
    ["../x:abc", "invalid checksum digest format"],
    [`${empty}\n`, "invalid checksum digest length"],
  ])("refuses %j: %s", (text, message) => {
    expect(() => parseDigest(text)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", message, value: text }),
    );
    expect(isDigest(text)).toBe(false);
  });

  test.each(["sha256", "sha384", "sha512"] as const)("takes what digestOf() gives for %s", (algorithm) => {
    expect(parseDigest(digestOf("x", algorithm)).algorithm).toBe(algorithm);
  });
});

describe("createDigester()", () => {
  test("hashes in pieces and counts", () => {
    const digester = createDigester();
    for (const part of ["a", "bc"]) digester.update(bytes(part));
    expect([digester.size, digester.digest()]).toEqual([3, digestOf("abc")]);
    expect(createDigester().digest()).toBe(empty);
  });
});

describe("verifyDigest()", () => {
  test("throws FAILED_PRECONDITION on other content", () => {
    expect(() => verifyDigest(empty, "")).not.toThrow();
    expect(() => verifyDigest(empty, "x")).toThrow(expect.objectContaining({ code: "FAILED_PRECONDITION" }));
  });
});

describe("verifyStream()", () => {
  test("passes good content through", async () => {
    expect(await pass(verifyStream(digestOf("abcd"), { sizeBytes: 4 }), "ab", "cd")).toBe("abcd");
  });

  test("errors at the end of other content", async () => {
    await expect(pass(verifyStream(digestOf("abcd")), "abce")).rejects.toMatchObject({
      actual: digestOf("abce"),
    });
  });

  test("errors as soon as there is too much, and where there is too little", async () => {
    const content = digestOf("abcd");
    await expect(pass(verifyStream(content, { sizeBytes: 3 }), "abcd", "x")).rejects.toThrow(
      "longer than 3 bytes",
    );
    await expect(pass(verifyStream(content, { sizeBytes: 5 }), "abcd")).rejects.toThrow("of 4 bytes, not 5");
  });
});
