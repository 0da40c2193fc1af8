/** A number of parameters in Ollama's words: 118K, 285.25M, 1.2B. */
export function parameterSize(count: number): string {
  if (count >= 1e9) return `${decimals(count / 1e9, 1)}B`;
  if (count >= 1e6) return `${decimals(count / 1e6, 2)}M`;
  if (count >= 1e3) return `${(count / 1e3).toFixed(0)}K`;
  return `${count}`;
}

function decimals(value: number, places: number): string {
  return Number.isInteger(value) ? `${value}` : value.toFixed(places);
}
