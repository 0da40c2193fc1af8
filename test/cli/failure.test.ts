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

function failing(what: string): AsyncDisposable {
  return { [Symbol.asyncDispose]: () => Promise.reject(new Error(`Cannot give back ${what}`)) };
}
