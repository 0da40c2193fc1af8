import { generateKeyPairSync } from "node:crypto";
import { stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { makeDirectories } from "../go/make-directories.ts";
import { isNotFound, systemErrorText } from "../go/system-error.ts";

/** Writes the machine's key pair below HOME if there is none; says so as Ollama does. */
export async function initializeKeyPair(
  home: string,
  print: (text: string) => void,
): Promise<void> {
  const directory = path.join(home, ".ollama");
  const file = path.join(directory, "id_ed25519");
  const missing = await stat(file).then(() => false, isNotFound);
  if (!missing) return;
  print(`Couldn't find '${file}'. Generating new private key.\n`);
  try {
    await makeDirectories(directory);
  } catch (error) {
    throw new Error(`could not create directory ${systemErrorText(error)}`, { cause: error });
  }
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const publicLine = sshPublicKey(publicKey.export({ format: "jwk" }).x ?? "");
  await writeFile(file, privateKey.export({ format: "pem", type: "pkcs8" }), { mode: 0o600 });
  await writeFile(`${file}.pub`, publicLine, { mode: 0o644 });
  print(`Your new public key is: \n\n${publicLine}\n\n`);
}

/** Specification: https://www.rfc-editor.org/rfc/rfc8709#section-4 */
function sshPublicKey(x: string): string {
  const fields = [Buffer.from("ssh-ed25519"), Buffer.from(x, "base64url")].flatMap((field) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(field.length);
    return [length, field];
  });
  return `ssh-ed25519 ${Buffer.concat(fields).toString("base64")}`;
}
