const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** A duration as Go writes it ("1h30m", "-1s"), in milliseconds. */
export function parseDuration(text: string): number {
  const [, sign, amounts = ""] =
    /^([+-]?)((?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+|0)$/.exec(text) ?? [];
  if (sign === undefined) throw new Error(`time: invalid duration "${text}"`);
  let total = 0;
  for (const [, amount, unit = ""] of amounts.matchAll(/(\d+(?:\.\d+)?)([a-zµ]+)/g)) {
    total += Number(amount) * (UNIT_MS[unit] ?? 0);
  }
  return sign === "-" ? -total : total;
}

/** `keep_alive` in a request or in the environment: seconds or a duration; negative is for ever. */
export function parseKeepAlive(value: number | string): number {
  const milliseconds = typeof value === "number" ? value * 1000 : parseDuration(value);
  return milliseconds < 0 ? Number.POSITIVE_INFINITY : milliseconds;
}
