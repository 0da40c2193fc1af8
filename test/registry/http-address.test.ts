import { expect, test } from "vitest";
import { proxyOf, shownUrl } from "../../src/registry/http-address.ts";

test("shows neither credentials nor the query of an address", () => {
  const url = new URL("https://user:secret@storage.example:8443/blob?X-Amz-Signature=secret");
  expect(shownUrl(url)).toBe("https://storage.example:8443/blob");
});

test.each([
  ["https://a.example/", {}, undefined],
  ["https://a.example/", { HTTPS_PROXY: "http://u:p@proxy:3128" }, "http://proxy:3128"],
  ["https://a.example/", { HTTP_PROXY: "http://proxy:3128" }, undefined],
  ["http://a.example/", { http_proxy: "http://proxy:3128" }, "http://proxy:3128"],
  ["https://a.example/", { HTTPS_PROXY: "nonsense" }, undefined],
  ["https://a.example/", { HTTPS_PROXY: "http://proxy", NO_PROXY: "*" }, undefined],
  [
    "https://a.example/",
    { HTTPS_PROXY: "http://proxy", NO_PROXY: "b.example, a.example" },
    undefined,
  ],
  ["https://a.example/", { HTTPS_PROXY: "http://proxy", NO_PROXY: ".example" }, undefined],
  [
    "https://a.example:5000/",
    { HTTPS_PROXY: "http://proxy", no_proxy: "a.example:5000" },
    undefined,
  ],
  ["https://notexample/", { HTTPS_PROXY: "http://proxy", NO_PROXY: "example" }, "http://proxy"],
] as const)("%s with %j goes through %s", (url, env, proxy) => {
  expect(proxyOf(new URL(url), env)).toBe(proxy);
});
