import { expect, test } from "vitest";
import { readOptions } from "../../../scripts/bench/options.ts";

const D20 = "docker-20.10";

test("without options 1 and 4 GiB are measured on one engine", () => {
  const runs = [
    { modelsSize: 1, rounds: 5, host: D20 },
    { modelsSize: 4, rounds: 1, host: D20 },
  ];
  expect(readOptions([])).toEqual({ runs, json: undefined });
});

test("each size has its rounds, and further engines the first size", () => {
  const args = ["--models-size", "1,4,16", "--rounds", "3,2", "--host", `${D20},docker-28`];
  expect(readOptions([...args, "--json", "out.json"])).toEqual({
    runs: [
      { modelsSize: 1, rounds: 3, host: D20 },
      { modelsSize: 4, rounds: 2, host: D20 },
      { modelsSize: 16, rounds: 2, host: D20 },
      { modelsSize: 1, rounds: 2, host: "docker-28" },
    ],
    json: "out.json",
  });
});

test.each([
  ["--rounds", "0"],
  ["--rounds", "1.5"],
  ["--rounds", "many"],
  ["--models-size", ""],
  ["--models-size", "1,,4"],
])("%s %j is refused", (...args) => {
  expect(() => readOptions(args)).toThrow("usage: ");
});
