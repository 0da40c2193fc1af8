import { formatCount } from "../core/format-count.ts";

const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** Bytes as disks and networks are sold, in powers of 1000: `4.7 GB`, `140 kB`, `17 B`. */
export function formatBytes(bytes: number): string {
  const exponent = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), UNITS.length - 1);
  const value = bytes / 1000 ** exponent;
  const digits = exponent === 0 || value >= 99.95 ? 0 : 1;
  if (Math.round(value) >= 1000 && exponent < UNITS.length - 1)
    return formatBytes(1000 ** (exponent + 1));
  return `${value.toFixed(digits)} ${UNITS[exponent]}`;
}

/** Every digit, where it matters: `8,589,934,592 bytes`. */
export function formatExactBytes(bytes: number): string {
  return `${formatCount(bytes)} ${bytes === 1 ? "byte" : "bytes"}`;
}

/** `0.3 s`, `41 s`, `3 min 5 s`, `2 h 10 min`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = whole < 3600 ? Math.floor(whole / 60) : Math.round(whole / 60);
  if (minutes < 60) return joined(minutes, "min", whole % 60, "s");
  return joined(Math.floor(minutes / 60), "h", minutes % 60, "min");
}

function joined(...[major, majorUnit, minor, minorUnit]: [number, string, number, string]): string {
  return minor === 0 ? `${major} ${majorUnit}` : `${major} ${majorUnit} ${minor} ${minorUnit}`;
}
