import { expect, test } from "vitest";
import { TransferMeter, describeTransfer } from "../../../src/cli/progress/transfer-meter.ts";

test("rate and time left come from the last seconds", () => {
  const { meter, pass } = meterWithClock();
  meter.update("a", 0, 100_000_000);
  pass(1000);
  meter.update("a", 10_000_000, 100_000_000);
  expect(describeTransfer(meter.all())).toBe("10 %  10.0 MB of 100 MB  10.0 MB/s  9.0 s left");
});

test("what an item begins with was there before: it is done, but it was not moved", () => {
  const { meter, pass } = meterWithClock();
  meter.update("a", 50_000_000, 100_000_000);
  pass(1000);
  meter.update("a", 51_000_000, 100_000_000);
  expect(meter.all()).toEqual({ done: 51_000_000, total: 100_000_000, rate: 1_000_000 });
});

test("a retry never goes back", () => {
  const { meter } = meterWithClock();
  meter.update("a", 60, 100);
  meter.update("a", 20, 100);
  expect(meter.of("a")?.done).toBe(60);
  expect(meter.all().done).toBe(60);
});

test("adds up all items, and knows no total while one of them has none", () => {
  const { meter } = meterWithClock();
  meter.update("a", 10, 100);
  meter.update("b", 5, undefined);
  expect(meter.all()).toMatchObject({ done: 15, total: undefined });
  meter.update("b", 5, 50);
  expect(meter.all()).toMatchObject({ done: 15, total: 150 });
  expect([...meter.unfinished]).toEqual(["a", "b"]);
  meter.update("a", 100, 100);
  expect([...meter.unfinished]).toEqual(["b"]);
});

test("a transfer that stalls is seen to stall", () => {
  const { meter, pass } = meterWithClock();
  meter.update("a", 0, 100);
  pass(1000);
  meter.update("a", 10, 100);
  pass(60_000);
  expect(meter.all().rate).toBe(0);
});

test("an empty item is done", () => {
  const { meter } = meterWithClock();
  meter.update("empty", 0, 0);
  expect(describeTransfer(meter.all())).toBe("100 %  0 B of 0 B");
});

function meterWithClock() {
  let now = 0;
  return {
    meter: new TransferMeter(() => now),
    pass: (milliseconds: number) => {
      now += milliseconds;
    },
  };
}
