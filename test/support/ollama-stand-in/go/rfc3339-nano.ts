/** A time as Go's encoding/json writes it, in UTC: nanoseconds, without zeros at the end. */
export function rfc3339Nano(nanosecondsSince1970: bigint): string {
  const [seconds = ""] = new Date(Number(nanosecondsSince1970 / 1_000_000n))
    .toISOString()
    .split(".");
  const fraction = String(nanosecondsSince1970 % 1_000_000_000n)
    .padStart(9, "0")
    .replace(/0+$/, "");
  return fraction === "" ? `${seconds}Z` : `${seconds}.${fraction}Z`;
}
