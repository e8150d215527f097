import { describe, expect, it } from "vitest";
import { environment } from "./process.ts";

describe("environment()", () => {
  it("keeps the last value of a name at the place of the first", () => {
    expect(environment(["A=1", "B=2", "A=3"])).toEqual(["A=3", "B=2"]);
  });

  it("drops an empty HOME, so that it is looked up", () => {
    expect(environment(["HOME=", "A="])).toEqual(["A="]);
    expect(environment(["HOME=/x"])).toEqual(["HOME=/x"]);
  });

  it("keeps values with equal signs", () => {
    expect(environment(["A=b=c"])).toEqual(["A=b=c"]);
  });
});
