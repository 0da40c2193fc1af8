import { lockStore } from "../../../src/install/store/store-lock.ts";
import { openStore } from "../../../src/install/store/store.ts";

/** Holds the lock of the store that is its argument until it is killed, and says when it has it. */
const [, , directory = ""] = process.argv;
await lockStore(await openStore(directory), "another", new Date());
process.stdout.write("held\n");
setInterval(() => {}, 60_000);
