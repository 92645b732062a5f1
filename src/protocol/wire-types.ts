// The types of the wire tables: the compiler holds the words of a table to the fields of its frames. They cost no
// bytes.
import type { Frame } from './frames.js';

type FrameOf<F extends Frame, T extends F['type']> = Extract<F, { readonly type: T }>;

/** The words of a text, in order. */
type Words<Text extends string> = Text extends `${infer Word} ${infer Rest}`
  ? [Word, ...Words<Rest>]
  : [Text];

/** True for a list that has each field of a frame, and no other word. */
type FieldsFit<Names extends readonly string[], Fields extends string> = [
  Exclude<Fields, Names[number]>,
  Exclude<Names[number], Fields>,
] extends [never, never]
  ? true
  : {
      readonly missing: Exclude<Fields, Names[number]>;
      readonly unknown: Exclude<Names[number], Fields>;
    };

/** A table in which each frame has its opcode, and its fields in the order in which they follow the opcode. */
type AnyWire = Readonly<Record<string, readonly [opcode: number, fields: string]>>;

/**
 * The wire table of these frames. The compiler compares the words of the table `W` with the fields of each frame. Where
 * they differ, no table has this type, and the error names the words.
 */
export type Wire<F extends Frame, W extends AnyWire> = {
  readonly [T in F['type']]: FieldsFit<
    Words<W[T][1]>,
    Exclude<keyof FrameOf<F, T>, 'type'> & string
  > extends infer Fit
    ? Fit extends true
      ? readonly [opcode: number, fields: string]
      : Fit
    : never;
};

/** True where each field has a kind, and where the kinds with a `?` are those of the fields that may be null. */
type KindsFit<
  Names extends readonly string[],
  KindNames extends readonly string[],
  F,
> = Names extends readonly [infer Name extends keyof F, ...infer OtherNames extends readonly string[]]
  ? KindNames extends readonly [infer Kind, ...infer OtherKinds extends readonly string[]]
    ? IsNullMarked<Kind, F[Name]> extends true
      ? KindsFit<OtherNames, OtherKinds, F>
      : { readonly wrongKindOf: Name }
    : { readonly noKindOf: Name }
  : KindNames extends readonly []
    ? true
    : { readonly kindsWithoutField: KindNames };

/** A field of any type may have either kind: its kind says more than its type. */
type IsNullMarked<Kind, Field> = unknown extends Field
  ? true
  : Kind extends `${string}?`
    ? null extends Field
      ? true
      : false
    : null extends Field
      ? false
      : true;

/**
 * For each frame the kinds of its fields in the order of its wire table, with a `?` where a field may be null. The
 * kinds are in checks.ts. The compiler compares them with the types of the fields.
 */
export type Kinds<F extends Frame, W extends AnyWire, K extends Readonly<Record<string, string>>> = {
  readonly [T in F['type']]: KindsFit<Words<W[T][1]>, Words<K[T]>, FrameOf<F, T>> extends infer Fit
    ? Fit extends true
      ? string
      : Fit
    : never;
};
