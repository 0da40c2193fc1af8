import { expect, test } from "vitest";
import { jsonListLength, writeJsonList } from "../../src/core/json-list.ts";

test.each([
  ["nothing", []],
  ["one item", [{ a: 1 }]],
  ["several, of which some take more bytes than letters", [{ a: "é" }, { b: "𝄞" }, { c: [] }]],
])("a list of %s is as long as it says, and is the JSON that it seems", (_, items) => {
  const list = { before: '{"ü":[', items: () => items, separator: ",\n", after: "]}\n" };
  const place = Buffer.alloc(jsonListLength(list), "x");
  writeJsonList(list, place);
  const text = `{"ü":[${items.map((item) => JSON.stringify(item)).join(",\n")}]}\n`;
  expect(place.toString()).toBe(text);
});
