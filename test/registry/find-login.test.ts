import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { findLogin } from "../../src/registry/find-login.ts";
import { auth, loginHome } from "./login-home.ts";

const ASK_HELPER = fileURLToPath(
  new URL("../../src/registry/credential-helper.ts", import.meta.url),
);
const HOST = "registry.example:5000";
const OWNER = { registry: HOST, path: "team/model" };
const DOCKER = ".docker/config.json";
const PODMAN = ".config/containers/auth.json";

const places: Record<string, (home: string) => readonly [file: string, env: NodeJS.ProcessEnv]> = {
  "docker's config.json": () => [DOCKER, {}],
  "the config.json that DOCKER_CONFIG leads to": (home) => [
    "elsewhere/config.json",
    { DOCKER_CONFIG: join(home, "elsewhere") },
  ],
  "podman's auth.json": () => [PODMAN, {}],
  "the auth.json below XDG_CONFIG_HOME": (home) => [
    "xdg/containers/auth.json",
    { XDG_CONFIG_HOME: join(home, "xdg") },
  ],
  "the auth.json below XDG_RUNTIME_DIR": (home) => [
    "run/containers/auth.json",
    { XDG_RUNTIME_DIR: join(home, "run") },
  ],
  "the file that REGISTRY_AUTH_FILE names": (home) => [
    "mine.json",
    { REGISTRY_AUTH_FILE: join(home, "mine.json") },
  ],
};

describe("a login", () => {
  test.each(Object.entries(places))("is found in %s", async (_, placeIn) => {
    const [file] = placeIn("");
    await using home = await loginHome({ [file]: { auths: { [HOST]: auth("ann", "a:b") } } });
    const [, env] = placeIn(home.path);
    expect(await findLogin(OWNER, { env: { ...home.env, ...env } })).toEqual({
      login: {
        secret: { kind: "password", username: "ann", password: "a:b" },
        from: `the login in "${join(home.path, file)}"`,
      },
      inVain: "",
    });
  });

  test.each([
    ["https://index.docker.io/v1/", "docker.io"],
    ["https://index.docker.io/v1/", "registry-1.docker.io"],
    ["docker.io", "registry-1.docker.io"],
    [`https://${HOST}`, HOST],
    [`${HOST}/`, HOST],
  ])("that is kept under %s is for %s", async (key, registry) => {
    await using home = await loginHome({ [DOCKER]: { auths: { [key]: auth("ann", "pw") } } });
    const { login } = await findLogin({ registry, path: "team/model" }, home);
    expect(login?.secret).toMatchObject({ username: "ann" });
  });

  test("for a repository goes before the one for its registry, and is for no other", async () => {
    const auths = { [HOST]: auth("all", "1"), [`${HOST}/team`]: auth("team", "2") };
    await using home = await loginHome({ [PODMAN]: { auths } });
    const found = await findLogin(OWNER, home);
    expect(found.login?.secret).toMatchObject({ username: "team" });
    const other = await findLogin({ registry: HOST, path: "teams/model" }, home);
    expect(other.login?.secret).toMatchObject({ username: "all" });
  });

  test("for another port of the host is not taken", async () => {
    await using home = await loginHome({ [DOCKER]: { auths: { [HOST]: auth("ann", "pw") } } });
    const { login } = await findLogin({ registry: "registry.example", path: "m" }, home);
    expect(login).toBeUndefined();
  });

  test.each([
    ["credHelpers", { credHelpers: { [HOST]: "test" } }],
    ["credsStore", { auths: { [HOST]: {} }, credsStore: "test" }],
  ])("is had from the helper that %s names", async (_, file) => {
    await using home = await loginHome({ [DOCKER]: file });
    await home.addHelper(
      "test",
      `[ "$1 $(cat)" = "get ${HOST}" ] && echo '{"ServerURL":"x","Username":"ann","Secret":"pw"}'`,
    );
    expect(await findLogin(OWNER, home)).toMatchObject({
      login: {
        secret: { kind: "password", username: "ann", password: "pw" },
        from: 'the login that "docker-credential-test" has',
      },
    });
  });

  test("of a helper is a token where its user is <token>, and Docker Hub has its old address there", async () => {
    await using home = await loginHome({ [DOCKER]: { credsStore: "test" } });
    await home.addHelper(
      "test",
      `[ "$(cat)" = https://index.docker.io/v1/ ] && echo '{"Username":"<token>","Secret":"t"}'`,
    );
    const { login } = await findLogin({ registry: "registry-1.docker.io", path: "a/b" }, home);
    expect(login?.secret).toEqual({ kind: "identityToken", token: "t" });
  });

  test("is given up where its helper does not answer, and what that started holds nobody up", async () => {
    await using home = await loginHome();
    await home.addHelper("test", '(while [ -e "$0" ]; do sleep 0.1; done)');
    const asking = `
      import { askHelper } from ${JSON.stringify(ASK_HELPER)};
      await askHelper("test", "x", { env: process.env, timeout: 100 }).catch(({ message }) => console.log(message));`;
    const args = ["--input-type=module", "--eval", asking];
    const { stdout } = await promisify(execFile)(process.execPath, args, { env: home.env });
    expect(stdout).toBe('"docker-credential-test" does not answer within 0.1 s\n');
  });

  test("is looked for further where a helper has none, or is of no use, which is said", async () => {
    const podman = { auths: { [HOST]: auth("ann", "pw") } };
    await using home = await loginHome({ [DOCKER]: { credsStore: "test" }, [PODMAN]: podman });
    for (const script of ["echo credentials not found in native keychain; exit 1", "exit 3"]) {
      await home.addHelper("test", script);
      expect((await findLogin(OWNER, home)).login?.secret).toMatchObject({ username: "ann" });
    }
    const { inVain } = await findLogin({ registry: "other.example", path: "m" }, home);
    const [docker, auths] = [join(home.path, DOCKER), join(home.path, PODMAN)];
    expect(inVain).toBe(
      `none for "other.example" in "${docker}" or "${auths}"; "docker-credential-test get" ends with 3`,
    );
  });
});

const useless: Record<string, readonly [file: unknown, script: string, says: RegExp]> = {
  "a helper that is not there": [
    { credsStore: "absent" },
    "",
    /"docker-credential-absent" is not in PATH/,
  ],
  "a helper with a path for a name": [{ credsStore: "../x" }, "", /is no name of a program/],
  "a helper that fails with words": [
    { credsStore: "test" },
    "cat; echo secret-word; echo secret-word >&2; exit 1",
    /"docker-credential-test get" ends with 1/,
  ],
  "a helper that answers nonsense": [
    { credsStore: "test" },
    "echo '[secret-word]'",
    /answers something else than a login/,
  ],
  "a file that is cut off": ['{"auths":{"secret-word', "", /is not a file of logins/],
  "a file of another form": [{ auths: ["secret-word"] }, "", /is not a file of logins/],
  "an entry that is no login": [
    { auths: { [HOST]: { auth: "c2VjcmV0LXdvcmQ=" } } },
    "",
    /^none for/,
  ],
};

test.each(Object.entries(useless))(
  "%s is told of without a word of what it holds",
  async (_, given) => {
    const [file, script, says] = given;
    await using home = await loginHome({ [DOCKER]: file });
    await home.addHelper("test", script);
    const { login, inVain } = await findLogin(OWNER, home);
    expect(login).toBeUndefined();
    expect(inVain).toMatch(says);
    expect(inVain).not.toContain("secret-word");
  },
);
