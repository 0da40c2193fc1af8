/** As GNU `split --bytes` reads them: `K` and `KiB` are 1024, `KB` is 1000. */
const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  ...unitsOf("k", 1),
  ...unitsOf("m", 2),
  ...unitsOf("g", 3),
  ...unitsOf("t", 4),
};

/** Bytes of a size as people write it: `4GB`, `4GiB`, `3900M`, `4.7 GB`. Undefined for anything else. */
export function parseByteSize(text: string): number | undefined {
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?) ?([A-Za-z]*)$/.exec(text.trim()) ?? [];
  const size = Math.floor(Number(number) * (UNITS[unit.toLowerCase()] ?? Number.NaN));
  return Number.isSafeInteger(size) ? size : undefined;
}

function unitsOf(letter: string, power: number): Record<string, number> {
  const [binary, decimal] = [1024 ** power, 1000 ** power];
  return { [letter]: binary, [`${letter}ib`]: binary, [`${letter}b`]: decimal };
}
