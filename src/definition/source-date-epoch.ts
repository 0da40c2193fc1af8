import { DefinitionError } from "../core/errors.ts";

/**
 * The time that every entry of a bundle gets, in seconds since 1970, where SOURCE_DATE_EPOCH names one
 * (https://reproducible-builds.org/specs/source-date-epoch/). Throws {@link DefinitionError}.
 */
export function sourceDateEpoch({
  SOURCE_DATE_EPOCH: text,
}: Readonly<NodeJS.ProcessEnv>): number | undefined {
  if (text === undefined || text === "") return undefined;
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new DefinitionError(
    "USAGE",
    `Cannot use SOURCE_DATE_EPOCH "${text}": expected whole seconds since 1970`,
  );
}
