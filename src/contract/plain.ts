// Plain data as a type: the output of a message's schema has to be data that codecs carry.

type IsAny<T> = 0 extends 1 & T ? true : false;
type Levels = readonly [unknown, unknown, unknown, unknown, unknown, unknown];
type Less<L extends readonly unknown[]> = L extends readonly [unknown, ...infer Rest] ? Rest : [];

/** Values that no codec carries. */
type Exotic =
  | Date
  | RegExp
  | ReadonlyMap<never, unknown>
  | ReadonlySet<never>
  | bigint
  | symbol
  | ((...args: never) => unknown);

/** True if a type contains, within some levels, something that is not plain data. Unknown types count as plain. */
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

/** Any type if `T` can be sent, and otherwise a sentence that says why it cannot. */
export type IfPlain<T> =
  true extends HasExotic<T>
    ? 'The output of this schema cannot be sent. Use plain data only, for example a number or a text for a moment.'
    : unknown;
