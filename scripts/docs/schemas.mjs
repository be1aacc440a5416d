// The schemas and types that are published, from the shapes in src/.
import { toJsonSchema, toJsonSchemaDefs } from '@valibot/to-json-schema';
import * as v from 'valibot';

/** @typedef {import('./tables.mjs').Tables} Tables */
/** @typedef {import('@valibot/to-json-schema').JsonSchema} JsonSchema */

const version = v.pipe(
  v.literal(1),
  v.description('Another number when a reader of this one would be wrong; more fields change nothing.'),
);

/** What the command line prints, as a whole. @param {Pick<Tables, 'answers'>} tables */
export function documentShapes({ answers }) {
  return Object.fromEntries(
    Object.entries(answers).map(([name, { entries }]) => [name, v.object({ version, ...entries })]),
  );
}

/** docs/command-line.schema.json. @param {Pick<Tables, 'answers' | 'publicShapes'>} tables */
export function commandLineSchema({ answers, publicShapes }) {
  const documents = documentShapes({ answers });
  const { $schema, ...schema } = toJsonSchema(v.union(Object.values(documents)), {
    target: 'draft-2020-12',
    definitions: { version, ...publicShapes, ...documents },
  });
  return { $schema, $id: 'virt-rewind/command-line/1', title: 'What virt-rewind prints with --json', ...schema };
}

/** docs/labFile.schema.json. @param {Pick<Tables, 'labShape'>} tables */
export function labFileSchema({ labShape }) {
  const { $schema, ...schema } = toJsonSchema(labShape, {
    typeMode: 'output',
    ignoreActions: ['transform'],
    overrideAction: ({ valibotAction, jsonSchema }) =>
      'requirement' in valibotAction && valibotAction.requirement instanceof RegExp
        ? { ...jsonSchema, pattern: valibotAction.requirement.source }
        : undefined,
  });
  const $id = 'https://github.com/virt-rewind/virt-rewind/blob/main/docs/labFile.schema.json';
  const description = 'The VMs of a project, and their restore points';
  return { $schema, $id, title: 'virt-rewind.yaml', description, ...schema };
}

/** The types of the shapes, as a module. @param {Pick<Tables, 'publicShapes'>} tables */
export function typesOf({ publicShapes }) {
  return Object.entries(toJsonSchemaDefs(publicShapes))
    .map(([name, schema]) => `${meaningOf(schema)}export type ${name} = ${typeOf(schema)};\n`)
    .join('\n');
}

/** @param {JsonSchema} schema @returns {string} */
function typeOf(schema) {
  const { $ref, type, properties, required = [], items, additionalProperties, anyOf } = schema;
  if ($ref !== undefined) return $ref.replace('#/$defs/', '');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((one) => JSON.stringify(one)).join(' | ');
  if (anyOf !== undefined) return anyOf.map((one) => typeOf(inner(one))).join(' | ');
  if (type === 'array') return `readonly (${typeOf(inner(items))})[]`;
  if (properties !== undefined) {
    const lines = Object.entries(properties).map(([key, one]) => {
      const own = inner(one);
      return `${meaningOf(own)}readonly ${key}${required.includes(key) ? '' : '?'}: ${typeOf(own)};`;
    });
    return `{\n${lines.join('\n')}\n}`;
  }
  if (type === 'object') return `Readonly<Record<string, ${typeOf(inner(additionalProperties))}>>`;
  if (type === 'integer') return 'number';
  if (type === 'string' || type === 'number' || type === 'boolean') return type;
  throw new Error(`no type for ${JSON.stringify(schema)}`);
}

/** @param {unknown} schema */
const inner = (schema) => /** @type {JsonSchema} */ (schema);

/** @param {JsonSchema} schema */
function meaningOf({ description }) {
  return description === undefined ? '' : `/** ${description} */\n`;
}
