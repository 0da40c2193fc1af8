import { expect, test } from "vitest";
import { inStore } from "../../../src/install/store/store.ts";

test("a store that may not be read is no fault of the tool, also where a worker found out", async () => {
  const fromWorker = Object.assign(new Error("EACCES: permission denied"), { code: "EACCES" });
  const reading = inStore("/srv/models", () => Promise.reject(fromWorker));
  await expect(reading).rejects.toMatchObject({
    code: "NO_RIGHTS",
    message: 'Cannot use the store "/srv/models": access is not allowed: EACCES: permission denied',
    hint: expect.stringContaining("as root"),
  });
});
