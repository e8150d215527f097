import { expect, it } from "vitest";
import { whiteoutName, whiteoutOf } from "./whiteout.ts";

it("whiteoutOf() tells whiteouts, opaque marks, bookkeeping and plain names apart", () => {
  expect(whiteoutOf("name")).toEqual({ kind: "none" });
  expect(whiteoutOf(".wh.name")).toEqual({ kind: "whiteout", name: "name" });
  expect(whiteoutOf(".wh..wh..opq")).toEqual({ kind: "opaque" });
  expect(whiteoutOf(".wh..wh.plnk")).toEqual({ kind: "bookkeeping" });
  expect(whiteoutOf(whiteoutName(".hidden"))).toEqual({ kind: "whiteout", name: ".hidden" });
});

it("whiteoutOf() refuses whiteouts of nothing, of itself and of its parent", () => {
  for (const name of [".wh.", ".wh..", ".wh..."])
    expect(() => whiteoutOf(name)).toThrow("invalid whiteout name");
});
