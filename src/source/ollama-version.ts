/** Whether version `a` is older than `b`, both `X.Y.Z` with an optional `v` before and `-rc1` behind; false where one is no version. */
export function isOlder(a: string, b: string): boolean {
  const [left, right] = [parse(a), parse(b)];
  if (left === undefined || right === undefined) return false;
  const at = left.numbers.findIndex((number, index) => number !== right.numbers[index]);
  if (at >= 0) return (left.numbers[at] ?? 0) < (right.numbers[at] ?? 0);
  return left.isPrerelease && !right.isPrerelease;
}

function parse(
  version: string,
): { readonly numbers: readonly number[]; readonly isPrerelease: boolean } | undefined {
  const match = /^v?(\d+)\.(\d+)(?:\.(\d+))?(-.+)?$/.exec(version.trim());
  if (match === null) return undefined;
  return {
    numbers: [match[1], match[2], match[3] ?? 0].map(Number),
    isPrerelease: match[4] !== undefined,
  };
}
