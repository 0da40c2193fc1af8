import { expect, test } from "vitest";
import { failureOf } from "../../src/cli/failure.ts";
import { outcomeOfError } from "../../src/cli/run-command.ts";
import { EngineError } from "../../src/core/errors.ts";

test("an error of clearing up does not hide the one that the work ended with", async () => {
  const failed = new EngineError("ENGINE_FAILED", "Cannot load the image: the engine went away");
  const work = async (): Promise<never> => {
    await using _outer = failing("the store");
    await using _inner = failing("the lock");
    throw failed;
  };
  const error: unknown = await work().catch((thrown: unknown) => thrown);
  expect(error).not.toBe(failed);
  expect(outcomeOfError(error).failure).toEqual(failureOf(failed));
});

test.each([
  { code: "EMFILE", what: "open files", limit: "ulimit -n" },
  { code: "EAGAIN", what: "threads and processes", limit: "ulimit -u" },
  { code: "ERR_WORKER_INIT_FAILED", what: "threads and processes", limit: "ulimit -u" },
])("$code is a limit of this host and no fault of the tool", ({ code, what, limit }) => {
  const failure = failureOf(Object.assign(new Error(`${code}: no more`), { code }));
  expect(failure).toEqual({
    exitCode: 7,
    code: "IO",
    message: `Cannot work here: this host allows no more ${what}: ${code}: no more`,
    hint: `Raise that limit (\`${limit}\` shows it), and run this again.`,
  });
});

test("any other error that was not raised on purpose is a fault of the tool", () => {
  const failure = failureOf(Object.assign(new Error("odd"), { code: "EODD" }));
  expect(failure).toMatchObject({ exitCode: 1, code: "UNEXPECTED" });
});

function failing(what: string): AsyncDisposable {
  return { [Symbol.asyncDispose]: () => Promise.reject(new Error(`Cannot give back ${what}`)) };
}
