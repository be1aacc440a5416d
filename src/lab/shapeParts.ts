// The shape of a file that people write: maps of known keys, each with what it is for, and how a path leads to a key.
import * as v from 'valibot';

/** To JavaScript a list is an object too. */
export const noList = v.custom<object>((value) => typeof value === 'object' && value !== null && !Array.isArray(value));

export function map<const T extends v.ObjectEntries>(
  entries: T,
): v.SchemaWithPipe<readonly [typeof noList, v.StrictObjectSchema<T, undefined>]> {
  return v.pipe(noList, v.strictObject(entries));
}

/** A key that may be left out, and what it is for. */
export function maybe<S extends v.GenericSchema>(
  meaning: string,
  shape: S,
): v.ExactOptionalSchema<v.SchemaWithPipe<readonly [S, v.DescriptionAction<v.InferOutput<S>, string>]>, undefined> {
  return v.exactOptional(key(meaning, shape));
}

export function key<S extends v.GenericSchema>(
  meaning: string,
  shape: S,
): v.SchemaWithPipe<readonly [S, v.DescriptionAction<v.InferOutput<S>, string>]> {
  return v.pipe(shape, v.description(meaning));
}

export type FilePath = readonly (string | number)[];

/** What of a shape leads to those within it. */
export interface ShapePart {
  readonly kind: string;
  readonly pipe?: readonly ShapePart[];
  readonly wrapped?: ShapePart;
  readonly entries?: Readonly<Record<string, ShapePart>>;
  readonly value?: ShapePart;
  readonly item?: ShapePart;
  readonly type?: string;
  /** The options of a choice between values, or between shapes. */
  readonly options?: readonly unknown[];
  readonly literal?: unknown;
}

/** The keys that can stand in the map at this place; none where there is no such map. */
export function keysAt(shape: ShapePart, path: FilePath): readonly string[] {
  return Object.keys(contentOf(partAt(shape, path)).entries ?? {});
}

/** What the value at this place is for; empty for what is no key of the file. */
export function meaningAt(shape: ShapePart, path: FilePath): string {
  const part = partAt(shape, path);
  return v.getDescription((part.wrapped ?? part) as v.GenericSchema) ?? '';
}

/** How the value at this place is written, in no language: `{ at?, blocks?, seed? }`, `running | off`, `[TEXT, …]`. */
export function formAt(shape: ShapePart, path: FilePath): string {
  return formOf(partAt(shape, path));
}

function formOf(part: ShapePart): string {
  const { type = '', entries, item, options = [], literal } = contentOf(part);
  if (entries !== undefined) {
    const keys = Object.entries(entries).map(([name, { wrapped }]) => (wrapped === undefined ? name : `${name}?`));
    return `{ ${keys.join(', ')} }`;
  }
  switch (type) {
    case 'array':
      return `[${formOf(item ?? { kind: '' })}, …]`;
    case 'picklist':
      return options.join(' | ');
    case 'union':
      return [...new Set(options.map((one) => formOf(one as ShapePart)))].join(' | ');
    case 'literal':
      return String(literal);
    case 'boolean':
      return 'true | false';
    case 'number':
      return 'N';
    case 'string':
      return 'TEXT';
    case 'record':
      return '{ … }';
    default:
      return '';
  }
}

function partAt(shape: ShapePart, path: FilePath): ShapePart {
  return path.reduce<ShapePart>((part, step) => {
    const { entries = {}, value, item } = contentOf(part);
    return (Object.hasOwn(entries, step) ? entries[step] : typeof step === 'number' ? item : value) ?? { kind: '' };
  }, shape);
}

function contentOf(part: ShapePart): ShapePart {
  const next = part.wrapped ?? part.pipe?.findLast(({ kind }) => kind === 'schema');
  return next === undefined ? part : contentOf(next);
}
