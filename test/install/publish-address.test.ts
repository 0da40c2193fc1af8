import { describe, expect, it } from "vitest";
import { DefinitionError } from "../../src/core/errors.ts";
import { parsePublishAddress, publishText } from "../../src/install/publish-address.ts";

describe("the address to publish at", () => {
  it.each([
    ["11434", "127.0.0.1:11434"],
    ["8080:11434", "127.0.0.1:8080"],
    ["8080:11434/tcp", "127.0.0.1:8080"],
    ["0.0.0.0:8080", "0.0.0.0:8080"],
    ["0.0.0.0:11434", "0.0.0.0:11434"],
    ["192.0.2.7:8080:11434", "192.0.2.7:8080"],
    ["192.0.2.7:11434:11434", "192.0.2.7:11434"],
    ["[::1]:8080", "[::1]:8080"],
    ["[::]:8080:11434", "[::]:8080"],
  ])("reads %s as %s", (text, expected) => {
    expect(publishText(parsePublishAddress(text))).toBe(expected);
  });

  it.each([
    "",
    "0",
    "65536",
    "8080:80",
    "host:8080",
    "::1:8080",
    "[127.0.0.1]:80",
    "[::1:80",
    "127.0.0.1",
    "127.0.0.1:",
    ":8080",
    "8080-8090",
    "-1",
  ])("refuses %j, and says what it expects", (text) => {
    expect(() => parsePublishAddress(text)).toThrow(DefinitionError);
    expect(() => parsePublishAddress(text)).toThrow(`"${text}": expected [IP:]PORT[:11434]`);
  });
});
