import { describe, expect, it } from "vitest";
import { engineAddresses } from "../../src/engine/engine-address.ts";

describe("engineAddresses", () => {
  it("are the usual sockets of Docker and Podman, rootless ones included", () => {
    const env = { HOME: "/home/me", XDG_RUNTIME_DIR: "/run/user/1000" };
    const addresses = engineAddresses({ env, platform: "linux" }).map(({ address }) => address);
    expect(addresses).toEqual([
      "unix:///var/run/docker.sock",
      "unix:///run/user/1000/docker.sock",
      "unix:///home/me/.docker/run/docker.sock",
      "unix:///run/podman/podman.sock",
      "unix:///run/user/1000/podman/podman.sock",
    ]);
  });

  it("are the named pipe on Windows", () => {
    expect(engineAddresses({ env: {}, platform: "win32" })).toEqual([
      { address: "npipe:////./pipe/docker_engine" },
    ]);
  });

  it("are the one that DOCKER_HOST names, and no other", () => {
    expect(engineAddresses({ env: { DOCKER_HOST: "tcp://a:1" }, platform: "linux" })).toEqual([
      { address: "tcp://a:1", saidBy: "DOCKER_HOST" },
    ]);
  });
});
