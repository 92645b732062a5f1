// The port to a log of the app.

/** Where the client writes warnings and errors, such as `console`. */
export interface Logger {
  debug?(message: string, details?: unknown): void;
  warn(message: string, details?: unknown): void;
  error(message: string, details?: unknown): void;
}
