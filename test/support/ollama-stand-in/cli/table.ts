const GAP = "    ";

/** A table as Ollama prints it: four spaces after each column, one after the last heading. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heading.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const padded = (cells: readonly string[]) =>
    cells.map((cell, column) => cell.padEnd(widths[column] ?? 0));
  const lines = [
    `${padded(heading).join(GAP)} `,
    ...rows.map((row) => padded(row).join(GAP) + GAP),
  ];
  return `${lines.join("\n")}\n`;
}

/** Rows under one title, indented, without a heading of their own. */
export function section(title: string, rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_cell, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const lines = rows.map((row) =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0) + GAP).join(""),
  );
  return [`  ${title}`, ...lines.map((line) => `    ${line}`), ""]
    .map((line) => `${line}\n`)
    .join("");
}
