import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { Messages } from "../../../src/cli/messages.ts";
import { showProgress } from "../../../src/cli/progress/show-progress.ts";
import type { ProgressEvent } from "../../../src/core/progress.ts";

test("off a terminal: each step, every warning, and a plain line every few seconds", () => {
  const screen = streamOf({ isTTY: false });
  let now = 0;
  using view = showProgress(screen.stream, new Messages(screen.stream, "bundle"), () => now);
  view.show({ kind: "step", text: "Fetching" });
  for (let second = 0; second <= 12; second += 1) {
    now = second * 1000;
    view.show(bytes("blob\u001b[2J", second * 1_000_000, 100_000_000));
  }
  view.show({ kind: "warning", text: "odd\u0007" });
  view.show({ kind: "note", text: "only for the log" });
  expect(screen.said()).toBe(
    [
      "Fetching",
      "  5 %  5.0 MB of 100 MB  1.0 MB/s  1 min 35 s left  blob\\x1b[2J",
      "  10 %  10.0 MB of 100 MB  1.0 MB/s  1 min 30 s left  blob\\x1b[2J",
      "warning: odd\\x07",
      "",
    ].join("\n"),
  );
});

test("on a terminal: a bar for each item and one for all, gone when the step is over", async () => {
  const screen = streamOf({ isTTY: true });
  let now = 0;
  {
    using view = showProgress(screen.stream, new Messages(screen.stream, "bundle"), () => now);
    view.show({ kind: "step", text: "Fetching" });
    view.show(bytes("one", 0, 100));
    view.show(bytes("two\u001b]0;x\u0007", 0, 300));
    now = 1000;
    view.show(bytes("one", 50, 100));
    await screen.saying("in total");
    await screen.saying("[==              ]  12 %  50 B of 400 B  50 B/s");
    expect(screen.said()).toContain(
      "one                           [========        ]  50 %  50 B of 100 B  50 B/s  1.0 s left",
    );
    expect(screen.said()).toContain("two\\x1b]0;x\\x07");
    view.show({ kind: "warning", text: "careful" });
    view.show(bytes("one", 100, 100));
    view.show(bytes("two\u001b]0;x\u0007", 10, 300));
  }
  expect(screen.said()).toContain("careful\n");
  const said = screen.said();
  expect(said.slice(said.lastIndexOf("\u001b[0J"))).toBe("\u001b[0J");
});

test("a step of thousands of items shows a few bars", async () => {
  const screen = streamOf({ isTTY: true });
  using view = showProgress(screen.stream, new Messages(screen.stream, "bundle"), () => 0);
  for (let item = 0; item < 5000; item += 1) view.show(bytes(`item ${item}.`, 0, 10));
  for (let item = 0; item < 4999; item += 1) view.show(bytes(`item ${item}.`, 10, 10));
  view.show(bytes("item 4999.", 5, 10));
  await screen.saying("item 4999.");
  expect(new Set(screen.said().match(/item \d+\./g)).size).toBeLessThan(20);
});

test("TERM=dumb gets lines", () => {
  const screen = streamOf({ isTTY: true });
  const before = process.env["TERM"];
  process.env["TERM"] = "dumb";
  try {
    using view = showProgress(screen.stream, new Messages(screen.stream, "bundle"), () => 0);
    view.show(bytes("one", 0, 100));
    expect(screen.said()).toBe("");
  } finally {
    process.env["TERM"] = before;
  }
});

test("a bar that is no longer shown keeps no timer", () => {
  const before = timers();
  const screen = streamOf({ isTTY: true });
  {
    using view = showProgress(screen.stream, new Messages(screen.stream, "bundle"));
    view.show(bytes("one", 0, 100));
    expect(timers()).toBe(before + 1);
  }
  expect(timers()).toBe(before);
});

function bytes(item: string, done: number, total: number): ProgressEvent {
  return { kind: "bytes", item, done, total };
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
}

function streamOf({ isTTY }: { readonly isTTY: boolean }) {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 100 });
  let text = "";
  let wanted: { text: string; resolve: () => void } | undefined;
  stream.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
    if (wanted !== undefined && text.includes(wanted.text)) wanted.resolve();
  });
  return {
    stream: stream as unknown as NodeJS.WriteStream,
    said: () => {
      text += String(stream.read() ?? "");
      return text;
    },
    /** Resolves when the stream was given this text. */
    saying: async (looked: string) => {
      if (text.includes(looked)) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      wanted = { text: looked, resolve };
      await promise;
    },
  };
}
