import { X509Certificate } from "node:crypto";
import { DefinitionError, messageOf } from "../core/errors.ts";
import { readSmallFile } from "../core/read-small-file.ts";

const MAX_FILE = 4 * 1024 * 1024;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The certificates of a PEM file, each of which can be read. Throws {@link DefinitionError}. */
export async function readCaFile(path: string): Promise<readonly string[]> {
  const content = await contentOf(path);
  const certificates = content.match(CERTIFICATE) ?? [];
  if (certificates.length > 0 && certificates.every(isCertificate)) return certificates;
  const found = certificates.length === 0 ? "there is none in it" : "one of them is damaged";
  throw unusable(path, `expected certificates in PEM, ${found}`);
}

async function contentOf(path: string): Promise<string> {
  try {
    return (await readSmallFile(path, MAX_FILE)).toString("latin1");
  } catch (error) {
    throw unusable(path, messageOf(error));
  }
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

function unusable(path: string, found: string): DefinitionError {
  return new DefinitionError("USAGE", `Cannot use "${path}" as --ca: ${found}`, {
    hint: "Name the file with the certificate of the authority that signs for the registry or the proxy, as in --ca /etc/ssl/company.pem.",
  });
}
