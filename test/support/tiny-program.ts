const LOAD_ADDRESS = 0x400000;
const HEADERS_SIZE = 64 + 56;

/**
 * A static Linux program for x86-64 of some 200 bytes, so that an image FROM scratch can run: it prints a text and exits, or,
 * without a text, waits to be killed.
 */
export function tinyProgram({
  prints = "",
  exitCode = 0,
}: {
  prints?: string;
  exitCode?: number;
}): Buffer {
  const text = Buffer.from(prints);
  const code = prints === "" ? waitForSignals() : printAndExit(text.length, exitCode);
  return Buffer.concat([headers(code.length + text.length), code, text]);
}

function printAndExit(length: number, exitCode: number): Buffer {
  const code = [
    [0xb8, 1, 0, 0, 0], // mov eax, write
    [0xbf, 1, 0, 0, 0], // mov edi, stdout
    [0x48, 0x8d, 0x35, 19, 0, 0, 0], // lea rsi, [rip + 19]: the text, 5 + 2 + 5 + 5 + 2 bytes on
    [0xba, ...int32(length)], // mov edx, length
    [0x0f, 0x05],
    [0xb8, 60, 0, 0, 0], // mov eax, exit
    [0xbf, ...int32(exitCode)],
    [0x0f, 0x05],
  ];
  return Buffer.from(code.flat());
}

function waitForSignals(): Buffer {
  return Buffer.from([0xb8, 34, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7]); // again: mov eax, pause; syscall; jmp again
}

/** An ELF header and one program header: everything is loaded, and run from the end of the headers. */
function headers(size: number): Buffer {
  const elf = Buffer.alloc(HEADERS_SIZE);
  elf.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  elf.writeUInt16LE(2, 16); // executable
  elf.writeUInt16LE(62, 18); // x86-64
  elf.writeUInt32LE(1, 20);
  elf.writeBigUInt64LE(BigInt(LOAD_ADDRESS + HEADERS_SIZE), 24); // entry
  elf.writeBigUInt64LE(64n, 32); // program headers
  elf.writeUInt16LE(64, 52);
  elf.writeUInt16LE(56, 54);
  elf.writeUInt16LE(1, 56);
  elf.writeUInt32LE(1, 64); // PT_LOAD
  elf.writeUInt32LE(5, 68); // readable, executable
  elf.writeBigUInt64LE(BigInt(LOAD_ADDRESS), 80);
  elf.writeBigUInt64LE(BigInt(LOAD_ADDRESS), 88);
  elf.writeBigUInt64LE(BigInt(HEADERS_SIZE + size), 96);
  elf.writeBigUInt64LE(BigInt(HEADERS_SIZE + size), 104);
  elf.writeBigUInt64LE(0x1000n, 112);
  return elf;
}

function int32(value: number): number[] {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return [...bytes];
}
