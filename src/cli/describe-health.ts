import type { HealthCheck, HealthReport } from "../health/health-report.ts";
import { formatSeconds } from "./format.ts";
import { table } from "./table.ts";

/** The checks as a table: check, result, time. */
export function describeHealth({ checks }: HealthReport): string {
  return table(checks, [
    { title: "CHECK", cell: ({ check }) => check },
    { title: "MODEL", cell: ({ model }) => model ?? "" },
    { title: "RESULT", cell: ({ result }) => (result === "ok" ? result : result.toUpperCase()) },
    {
      title: "TIME",
      cell: ({ milliseconds }) => formatSeconds(milliseconds / 1000),
      align: "right",
    },
    { title: "FOUND", cell: found },
  ]);
}

function found({ detail, processor }: HealthCheck): string {
  return processor === undefined ? detail : `${detail} on ${processor}`;
}
