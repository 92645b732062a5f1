// Why a benchmark cannot run here, in words for the reader: shown without a stack.

export class CannotRun extends Error {
  name = 'CannotRun';
}
