// The arguments of agents' tools: as schemas for their callers, and read from what came.
import type { ToolInput } from './toolCall.js';
import { editorNameOf, type Field, type ToolName, toolNames, toolOf } from './toolTable.js';

const longestText = 4_096;

/** As package.json tells them to the editor. */
export function editorTools(): readonly object[] {
  return toolNames.map((name) => ({
    name: editorNameOf(name),
    toolReferenceName: name.replaceAll(/_(.)/gu, (_, letter: string) => letter.toUpperCase()),
    displayName: `%tool.${name}%`,
    modelDescription: toolOf(name).description,
    canBeReferencedInPrompt: true,
    inputSchema: inputSchemaOf(name),
  }));
}

/** As JSON Schema. */
export function inputSchemaOf(name: ToolName): Readonly<Record<string, unknown>> {
  const fields = Object.entries(toolOf(name).fields);
  const needed = fields.filter(([, { needed }]) => needed === true).map(([key]) => key);
  return {
    type: 'object',
    properties: Object.fromEntries(fields.map(([key, field]) => [key, schemaOf(field)])),
    ...(needed.length > 0 && { required: needed }),
    additionalProperties: false,
  };
}

function schemaOf({ type, description, words, least = 1, most }: Field): Readonly<Record<string, unknown>> {
  switch (type) {
    case 'string':
      return { type, description, ...(words === undefined ? { maxLength: most ?? longestText } : { enum: words }) };
    case 'number':
      return { type: 'integer', description, minimum: least, ...(most !== undefined && { maximum: most }) };
    case 'strings':
      return { type: 'array', description, items: { type: 'string', maxLength: longestText }, maxItems: most };
  }
}

/** What a call was given, or what is wrong with it, as a sentence. Anybody may have written it. */
export function readInput(name: ToolName, given: unknown): ToolInput | string {
  const { fields } = toolOf(name);
  if (given !== undefined && (typeof given !== 'object' || given === null || Array.isArray(given))) {
    return `The arguments of ${name} are an object.`;
  }
  const entries = Object.entries(given ?? {}).filter(([, value]) => value !== undefined);
  const unknown = entries.find(([key]) => !Object.hasOwn(fields, key));
  if (unknown !== undefined) {
    return `${name} has no argument ${JSON.stringify(unknown[0].slice(0, 50))}. It has: ${Object.keys(fields).join(', ') || 'none'}.`;
  }
  for (const [key, field] of Object.entries(fields)) {
    const fault = faultOf(field, entries.find(([one]) => one === key)?.[1]);
    if (fault !== undefined) {
      return `The argument ${key} of ${name} ${fault}.`;
    }
  }
  return Object.fromEntries<ToolInput[string]>(entries);
}

function faultOf({ type, needed, words, least = 1, most = longestText }: Field, value: unknown): string | undefined {
  if (value === undefined) {
    return needed === true ? 'is missing' : undefined;
  }
  if (words !== undefined) {
    return words.some((word) => word === value) ? undefined : `is one of ${words.join(', ')}`;
  }
  switch (type) {
    case 'string':
      return isText(value, most) ? undefined : `is a text of at most ${most} characters`;
    case 'number':
      return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
        ? undefined
        : `is a whole number from ${least} to ${most}`;
    case 'strings':
      return Array.isArray(value) && value.length <= most && value.every((one) => isText(one, longestText))
        ? undefined
        : `is a list of at most ${most} texts`;
  }
}

/** A program, an argument or a name ends at a zero, wherever it goes. */
function isText(value: unknown, most: number): boolean {
  return typeof value === 'string' && value.length <= most && !value.includes('\0');
}
