import { expect, test } from "vitest";
import { table } from "../../src/cli/table.ts";

test("columns are as wide as their widest cell, and a cell is one line", () => {
  const rows = [
    { name: "a\nb", size: 5 },
    { name: "longer", size: 12_345 },
  ];
  const text = table(rows, [
    { title: "NAME", cell: ({ name }) => name },
    { title: "SIZE", cell: ({ size }) => String(size), align: "right" },
  ]);
  expect(text).toBe("NAME     SIZE\na b         5\nlonger  12345");
});
