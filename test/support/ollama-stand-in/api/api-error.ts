/** An answer that is an error: its status, and the text of its `error` field. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** What most requests answer about a model that is not there. */
export function modelNotFound(asked: string): ApiError {
  return new ApiError(404, `model '${asked}' not found`);
}

/** A failure of any kind as an answer: 500 unless it says otherwise. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError(500, error instanceof Error ? error.message : String(error));
}
