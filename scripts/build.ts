import { rmSync } from "node:fs";
import { packModules } from "./pack-modules.ts";

rmSync("dist", { recursive: true, force: true });
await packModules({ main: "src/main.ts", index: "src/index.ts" }, "dist/lib");
