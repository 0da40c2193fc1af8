import type { Details } from "../api/details.ts";
import { askForJson } from "./client.ts";
import { section } from "./table.ts";
import type { Terminal } from "./terminal.ts";

interface Shown {
  readonly modelfile: string;
  readonly details: Details;
  readonly model_info: Readonly<Record<string, unknown>>;
  readonly capabilities: readonly string[];
  readonly parameters?: string;
  readonly system?: string;
  readonly license?: string;
  readonly requires?: string;
}

const LICENSE_LINES = 2;

/** `ollama show [--modelfile] MODEL` */
export async function show({ env, stdout }: Terminal, args: readonly string[]): Promise<void> {
  const model = args.find((argument) => !argument.startsWith("-"));
  if (model === undefined) throw new Error("accepts 1 arg(s), received 0");
  const shown = await askForJson<Shown>(env, {
    method: "POST",
    path: "/api/show",
    body: { model },
  });
  stdout(args.includes("--modelfile") ? `${shown.modelfile}\n` : overview(shown));
}

function overview(shown: Shown): string {
  const { details, model_info: info } = shown;
  const architecture = String(info["general.architecture"]);
  const facts: [string, unknown][] = [
    ["architecture", architecture],
    ["parameters", details.parameter_size],
    ["context length", info[`${architecture}.context_length`]],
    ["embedding length", info[`${architecture}.embedding_length`]],
    ["quantization", details.quantization_level],
    ["requires", shown.requires],
  ];
  const known = facts.filter(([, value]) => value !== undefined && value !== "");
  const parameters = (shown.parameters ?? "")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ")).trim()])
    .sort(([a = ""], [b = ""]) => a.localeCompare(b));
  return [
    section(
      "Model",
      known.map(([name, value]) => [name, String(value)]),
    ),
    section(
      "Capabilities",
      shown.capabilities.map((name) => [name]),
    ),
    ...(parameters.length === 0 ? [] : [section("Parameters", parameters)]),
    ...(shown.system === undefined ? [] : [section("System", firstLines(shown.system))]),
    ...(shown.license === undefined ? [] : [section("License", firstLines(shown.license))]),
  ].join("");
}

function firstLines(text: string): string[][] {
  return text
    .split("\n")
    .slice(0, LICENSE_LINES)
    .map((line) => [line.trim()]);
}
