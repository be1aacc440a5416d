// The frame of every JSON document that the command line prints: docs/command-line.schema.json describes it whole.

/**
 * Changed when a reader of the old one would be wrong: a field that goes, or means another thing. More fields change
 * nothing.
 */
const schemaVersion = 1;

export function answerDocument(command: string, answer: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ version: schemaVersion, command, ...answer }, null, 2);
}
