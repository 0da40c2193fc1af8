/** A file name as no command takes for an option. */
export function fileArgument(name: string): string {
  return name.startsWith("-") ? `./${name}` : name;
}

/** A file name as a shell takes it. */
export function shellWord(text: string): string {
  return /^[\w./+:@%-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
