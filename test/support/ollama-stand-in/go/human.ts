const BYTE_UNITS: readonly (readonly [number, string])[] = [
  [1e12, "TB"],
  [1e9, "GB"],
  [1e6, "MB"],
  [1e3, "KB"],
  [1, "B"],
];

/** Bytes as `ollama list` shows them: "141 KB", "1.2 GB". */
export function humanBytes(bytes: number): string {
  const [factor, unit] = BYTE_UNITS.find(([least]) => bytes >= least) ?? [1, "B"];
  const value = bytes / factor;
  if (value >= 10 || Number.isInteger(value)) return `${Math.trunc(value)} ${unit}`;
  return `${value.toFixed(1)} ${unit}`;
}

/** A point in time as seen from now: "10 months ago", "4 minutes from now". */
export function humanTime(time: Date, now: Date): string {
  const ahead = time.getTime() - now.getTime();
  if (ahead > 100 * 365 * 24 * 3_600_000) return "Forever";
  const span = humanSpan(Math.abs(ahead) / 1000);
  return ahead > 0 ? `${span} from now` : `${span} ago`;
}

function humanSpan(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  const hours = Math.round(seconds / 3600);
  if (seconds < 1) return "Less than a second";
  if (seconds < 2) return "1 second";
  if (minutes < 1) return `${Math.floor(seconds)} seconds`;
  if (minutes === 1) return "About a minute";
  if (minutes < 60) return `${minutes} minutes`;
  if (hours === 1) return "About an hour";
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 14) return `${Math.floor(hours / 24)} days`;
  if (hours < 24 * 60) return `${Math.floor(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`;
  return `${Math.floor(seconds / 3600 / 24 / 365)} years`;
}
