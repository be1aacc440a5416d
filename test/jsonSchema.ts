// As much of JSON Schema (2020-12) as our own schema is made of. A word that it does not know is an error, so that
// nothing in the schema goes unheeded; a field that the schema does not name is one too, so that none goes
// undocumented.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../scripts/rig/root.mjs';

type Schema = Readonly<Record<string, unknown>>;

const schemaFile = join(root, 'docs/command-line.schema.json');
const whole = JSON.parse(readFileSync(schemaFile, 'utf8')) as Schema;
const silent = new Set(['$schema', '$id', '$defs', 'title', 'description']);

/** What is wrong with a document of the command line; none where it is as the schema says. */
export function faultsOf(value: unknown, schema: Schema = whole, at = '$'): readonly string[] {
  return Object.entries(schema)
    .filter(([word]) => !silent.has(word))
    .flatMap(([word, rule]) => faultsBy(word, rule, schema, value, at));
}

function faultsBy(word: string, rule: unknown, schema: Schema, value: unknown, at: string): readonly string[] {
  switch (word) {
    case '$ref':
      return faultsOf(value, referred(String(rule)), at);
    case 'const':
      return value === rule ? [] : [`${at} is not ${JSON.stringify(rule)}`];
    case 'enum':
      return (rule as readonly unknown[]).includes(value) ? [] : [`${at} is none of ${JSON.stringify(rule)}`];
    case 'oneOf': {
      const tried = (rule as readonly Schema[]).map((one) => faultsOf(value, one, at));
      const fitting = tried.filter((faults) => faults.length === 0).length;
      return fitting === 1 ? [] : [`${at} fits ${fitting} of ${tried.length}: ${JSON.stringify(tried)}`];
    }
    case 'type':
      return typeOf(value) === rule || (rule === 'number' && typeof value === 'number')
        ? []
        : [`${at} is no ${String(rule)}`];
    case 'required':
      return (rule as readonly string[])
        .filter((key) => !isObject(value) || !(key in value))
        .map((key) => `${at}.${key} is missing`);
    case 'properties': {
      const known = rule as Readonly<Record<string, Schema>>;
      return Object.entries(isObject(value) ? value : {}).flatMap(([key, one]) =>
        known[key] === undefined ? [`${at}.${key} is not in the schema`] : faultsOf(one, known[key], `${at}.${key}`),
      );
    }
    case 'items':
      return (Array.isArray(value) ? value : []).flatMap((one, index) =>
        faultsOf(one, rule as Schema, `${at}[${index}]`),
      );
    default:
      return [`the schema says ${word}, which this test does not know (${JSON.stringify(schema)})`];
  }
}

function referred(pointer: string): Schema {
  const name = pointer.replace(/^#\/\$defs\//u, '');
  const found = (whole['$defs'] as Readonly<Record<string, Schema>>)[name];
  if (found === undefined) {
    throw new Error(`there is no ${pointer}`);
  }
  return found;
}

function typeOf(value: unknown): string {
  return Array.isArray(value) ? 'array' : Number.isInteger(value) ? 'integer' : value === null ? 'null' : typeof value;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeOf(value) === 'object';
}
