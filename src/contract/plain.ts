// Plain data, as a type: what a schema makes of a message has to travel.

type IsAny<T> = 0 extends 1 & T ? true : false;
type Levels = readonly [unknown, unknown, unknown, unknown, unknown, unknown];
type Less<L extends readonly unknown[]> = L extends readonly [unknown, ...infer Rest] ? Rest : [];

/** What no codec carries. */
type Exotic =
  | Date
  | RegExp
  | ReadonlyMap<never, unknown>
  | ReadonlySet<never>
  | bigint
  | symbol
  | ((...args: never) => unknown);

/** Whether something in a type, some levels deep, is no plain data. What is not known counts as plain. */
type HasExotic<T, L extends readonly unknown[] = Levels> =
  IsAny<T> extends true
    ? false
    : L extends readonly []
      ? false
      : T extends string | number | boolean | null | undefined | Uint8Array
        ? false
        : T extends Exotic
          ? true
          : T extends readonly (infer Item)[]
            ? HasExotic<Item, Less<L>>
            : T extends object
              ? { [K in keyof T]-?: HasExotic<T[K], Less<L>> }[keyof T]
              : false;

/** Anything where `T` can be sent; otherwise a sentence that says why not. */
export type IfPlain<T> =
  true extends HasExotic<T>
    ? 'What this schema makes cannot be sent: only plain data can, such as a text or a number for a moment.'
    : unknown;
