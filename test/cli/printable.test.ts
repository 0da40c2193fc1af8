import { expect, test } from "vitest";
import { printable, printableJson, printableLine, shortened } from "../../src/cli/printable.ts";

test("controls and marks that turn the direction of writing are written out", () => {
  expect(printable("a\u001b[2Jb\u0007\u009b\u007f\u202ec\u2066\u2028d\re")).toBe(
    "a\\x1b[2Jb\\x07\\x9b\\x7f\\u202ec\\u2066\\u2028d\\x0de",
  );
});

test("lines, tabs and letters of any language stay", () => {
  expect(printable("größe\t模型\r\nسلام")).toBe("größe\t模型\nسلام");
});

test("one line stays one line", () => {
  expect(printableLine(" a\n\terror: b\r\n")).toBe("a error: b");
});

test("a JSON document has no raw control and says the same", () => {
  const value = { name: "\u001b]0;x\u0007\u009b\u202e" };
  const text = printableJson(value);
  expect(text).not.toMatch(/[\p{Cc}\u202e](?<!\n)/u);
  expect(JSON.parse(text)).toEqual(value);
});

test("a long name keeps its beginning and more of its end", () => {
  expect(shortened("registry.ollama.ai/library/llama3.2:latest", 21)).toBe("regist…lama3.2:latest");
  expect(shortened("short", 21)).toBe("short");
});
