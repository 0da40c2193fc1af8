const REASON: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  ENOTDIR: "not a directory",
  EROFS: "read-only file system",
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  ENOSPC: "no space left on device",
  EADDRINUSE: "address already in use",
};

/** A failed system call in Go's words: "mkdir /a/b: read-only file system". */
export function systemErrorText(error: unknown): string {
  const { code = "", syscall = "", path = "" } = systemError(error);
  const reason = REASON[code] ?? String(error);
  return `${SYSCALL[syscall] ?? syscall} ${path}: ${reason}`;
}

export function isNotFound(error: unknown): boolean {
  return systemError(error).code === "ENOENT";
}

const SYSCALL: Readonly<Record<string, string>> = { rmdir: "remove", unlink: "remove" };

function systemError(error: unknown): NodeJS.ErrnoException {
  return error instanceof Error ? error : new Error(String(error));
}
