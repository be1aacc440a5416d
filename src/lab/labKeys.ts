// What stands in labFile.schema.json about the keys of a lab file, by the way to them: for who is told that a value
// is wrong.
import schema from './labFile.schema.json';

interface SchemaPart {
  readonly description?: string;
  readonly type?: string;
  readonly const?: number | boolean;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, SchemaPart>>;
  readonly additionalProperties?: boolean | SchemaPart;
  readonly items?: SchemaPart;
  readonly $ref?: string;
}

const definitions: Readonly<Record<string, SchemaPart>> = schema.definitions;

export type LabPath = readonly (string | number)[];

interface LabKey {
  readonly name: string;
  readonly description: string;
  /** What it takes, where these are few. */
  readonly values: readonly string[];
}

/** Those that can stand in the map at this place; none where there is no such map. */
export function keysAt(path: LabPath): readonly LabKey[] {
  return Object.entries(partAt(path)?.properties ?? {}).map(([name, part]) => keyOf(name, part));
}

/** @returns undefined for what is no key of a lab file */
export function keyAt(path: LabPath): LabKey | undefined {
  const name = path.at(-1);
  const part = partAt(path);
  return part === undefined || name === undefined ? undefined : keyOf(String(name), part);
}

function keyOf(name: string, written: SchemaPart): LabKey {
  const part = resolvePart(written);
  const values =
    part.enum ?? (part.const === undefined ? (part.type === 'boolean' ? ['true', 'false'] : []) : [String(part.const)]);
  return {
    name,
    description: written.description ?? part.description ?? '',
    values,
  };
}

function partAt(path: LabPath): SchemaPart | undefined {
  let part: SchemaPart | undefined = schema;
  for (const step of path) {
    const { properties, additionalProperties, items }: SchemaPart = resolvePart(part);
    const own = typeof step === 'string' && Object.hasOwn(properties ?? {}, step) ? properties?.[step] : undefined;
    part =
      typeof step === 'number'
        ? items
        : (own ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined));
    if (part === undefined) {
      return undefined;
    }
  }
  return { ...resolvePart(part), ...(part.description !== undefined && { description: part.description }) };
}

function resolvePart(part: SchemaPart): SchemaPart {
  const name = part.$ref?.split('/').at(-1);
  return name === undefined ? part : (definitions[name] ?? {});
}
