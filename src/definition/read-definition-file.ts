import { type Document, LineCounter, isNode, parseDocument } from "yaml";
import { DefinitionError, messageOf } from "../core/errors.ts";
import { readSmallFile } from "../core/read-small-file.ts";
import { type DefinitionFields, definitionFields } from "./definition.ts";

const MAX_SIZE = 1024 * 1024;

/** Reads a definition file (YAML); `-` is standard input. Errors name the line and the field. Throws {@link DefinitionError}. */
export async function readDefinitionFile(path: string): Promise<DefinitionFields> {
  const name = path === "-" ? "standard input" : path;
  return parseDefinition(await textOf(path, name), name);
}

/** `name` is what messages call the text. */
export function parseDefinition(text: string, name: string): DefinitionFields {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [problem] = document.errors;
  if (problem !== undefined)
    throw unreadable(
      name,
      lines.linePos(problem.pos[0]).line,
      problem.message.split("\n")[0] ?? "",
    );
  const parsed = definitionFields.safeParse(plainDataOf(document, name));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : (issue?.path ?? []);
  const what =
    issue?.code === "unrecognized_keys" ? "there is no such field" : (issue?.message ?? "");
  throw unreadable(
    name,
    lineOf(document, field, lines),
    `${field.length === 0 ? "" : `field "${field.join(".")}": `}${what}`,
  );
}

/** Aliases are counted, since a few lines of them can stand for gigabytes. */
function plainDataOf(document: Document, name: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 10 });
  } catch (error) {
    throw unreadable(name, 1, messageOf(error));
  }
}

/** The line of a field, or of the nearest one above it. */
function lineOf(document: Document, field: readonly PropertyKey[], lines: LineCounter): number {
  for (let depth = field.length; depth > 0; depth -= 1) {
    const node = document.getIn(field.slice(0, depth), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}

async function textOf(path: string, name: string): Promise<string> {
  try {
    const bytes = await (path === "-" ? readInput() : readSmallFile(path, MAX_SIZE));
    if (bytes.length <= MAX_SIZE) return bytes.toString("utf8");
  } catch (error) {
    throw new DefinitionError(
      "DEFINITION_INVALID",
      `Cannot read the definition "${name}": ${messageOf(error)}`,
      { cause: error, hint: "Check the path; `-` reads the definition from standard input." },
    );
  }
  throw new DefinitionError(
    "DEFINITION_INVALID",
    `Cannot read the definition "${name}": it is larger than 1 MiB`,
    { hint: "Name the definition with --file, and the bundle to write with --output." },
  );
}

/** Standard input may be anything that gives bytes, also without end. */
async function readInput(): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of process.stdin) {
    pieces.push(piece);
    size += piece.length;
    if (size > MAX_SIZE) break;
  }
  return Buffer.concat(pieces);
}

function unreadable(name: string, line: number, what: string): DefinitionError {
  return new DefinitionError(
    "DEFINITION_INVALID",
    `Cannot read the definition "${name}", line ${line}: ${what}`,
    {
      hint: "Its fields are name, platform, image and models; manifests/starter.yaml is an example.",
    },
  );
}
