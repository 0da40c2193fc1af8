import { expect, test } from "vitest";
import { withUsableProxies } from "../../src/registry/proxy-environment.ts";
import { RegistryClient } from "../../src/registry/registry-client.ts";

test("a proxy without a scheme is spoken to over HTTP, as curl does, and others are left as they are", () => {
  const env = { PATH: "/bin", http_proxy: "", HTTPS_PROXY: "proxy.example:3128" };
  const other = { HTTP_PROXY: "http://u:p%40@proxy.example", https_proxy: "https://[::1]:1" };
  expect(withUsableProxies(env)).toEqual({ ...env, HTTPS_PROXY: "http://proxy.example:3128" });
  expect(withUsableProxies(other)).toEqual(other);
});

test.each([
  ["HTTPS_PROXY", "socks5://proxy.example:1080", "socks5://proxy.example:1080"],
  ["HTTPS_PROXY", "socks5h://ann:secret@proxy.example:1080", "…"],
  ["http_proxy", "http://", "http://"],
  ["HTTP_PROXY", "http://ann:secret%zz@proxy.example", "http://proxy.example/"],
])("with %s=%s no registry is asked: Node would go past it", (name, value, shown) => {
  const make = () => new RegistryClient({ env: { [name]: value } });
  expect(make).toThrow(
    `Cannot use the proxy "${shown}" in ${name}: expected http://[user:password@]host[:port]`,
  );
});
