// The words of shapes that describe an answer. Nothing is parsed with them: `npm run docs` makes JSON schemas of them,
// the package its types, the tests hold answers to them, and the compiler holds the code that answers.
import * as v from 'valibot';

export const text = v.string();
export const whole = v.pipe(v.number(), v.integer());
export const flag = v.boolean();
export const maybe = v.exactOptional;

export function describe<S extends v.GenericSchema>(
  shape: S,
  meaning: string,
): v.SchemaWithPipe<readonly [S, v.DescriptionAction<v.InferOutput<S>, string>]> {
  return v.pipe(shape, v.description<v.InferOutput<S>, string>(meaning));
}

/** A value of a shape, which nobody changes. */
export type ValueOf<S extends v.GenericSchema> = ReadonlyValue<v.InferOutput<S>>;

/** What commands answer, by the names of the shapes; the frame of each answer has the version and the command. */
export type AnswersOf<Shapes extends Readonly<Record<string, v.GenericSchema>>> = {
  readonly [Name in keyof Shapes]: Omit<ValueOf<Shapes[Name]>, 'command'>;
};

type ReadonlyValue<T> = T extends object ? { readonly [K in keyof T]: ReadonlyValue<T[K]> } : T;
