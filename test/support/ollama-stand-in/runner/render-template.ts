/** Fills in a chat template as far as plain models need it: values, and "if" around them. */
export function renderTemplate(template: string, values: Readonly<Record<string, string>>): string {
  return template
    .replaceAll(
      /\{\{-?\s*if \.(\w+)\s*-?\}\}([\s\S]*?)\{\{-?\s*end\s*-?\}\}/g,
      (_all, name, body) => (values[name] ? body : ""),
    )
    .replaceAll(/\{\{-?\s*\.(\w+)\s*-?\}\}/g, (_all, name) => values[name] ?? "");
}
