import { expect, it } from "vitest";
import { logText } from "../../src/engine/log-text.ts";

it("takes frames of both streams in the order in which they came", () => {
  const log = Buffer.concat([frame(1, "out 1\n"), frame(2, "err\n"), frame(1, "out 2\n")]);
  expect(logText(log)).toBe("out 1\nerr\nout 2\n");
});

it("gives the log of a container with a terminal as it is", () => {
  expect(logText(Buffer.from("time=now level=INFO\n"))).toBe("time=now level=INFO\n");
});

it("gives what there is of a frame that was cut", () => {
  expect(logText(frame(1, "whole line\n").subarray(0, 13))).toBe("whole");
  expect(logText(Buffer.alloc(0))).toBe("");
});

function frame(stream: number, text: string): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt8(stream);
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
}
