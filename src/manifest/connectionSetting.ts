// What the setting of the connections says, and how it is written. A settings file is untrusted JSON.
import type { WantedConnection } from '../domain/wantedConnection.js';

/** Longer ones are no URIs and no names, but mistakes or attacks. */
const longestUri = 1_000;
const longestName = 300;

/** A row is a URI, or says more of one. What is not understood of `readOnly` was meant to forbid something. */
export function parseConnections(value: unknown): readonly WantedConnection[] {
  const byUri = new Map<string, WantedConnection>();
  for (const row of Array.isArray(value) ? (value as readonly unknown[]) : []) {
    const more: Readonly<Record<string, unknown>> = typeof row === 'object' && row !== null ? { ...row } : { uri: row };
    const uri = parseText(more['uri'], longestUri);
    const name = parseText(more['name'], longestName);
    if (uri !== undefined && !byUri.has(uri)) {
      byUri.set(uri, {
        uri,
        ...(name !== undefined && { name }),
        ...(more['readOnly'] !== undefined && more['readOnly'] !== false && { readOnly: true }),
        ...(more['connect'] === 'demand' && { onDemand: true }),
      });
    }
  }
  return [...byUri.values()];
}

/** As it is written into a settings file: what is a URI alone stays one. */
export function writtenConnection({ uri, name, readOnly, onDemand }: WantedConnection): unknown {
  const more = {
    ...(name !== undefined && { name }),
    ...(readOnly === true && { readOnly }),
    ...(onDemand === true && { connect: 'demand' }),
  };
  return Object.keys(more).length === 0 ? uri : { uri, ...more };
}

function parseText(value: unknown, longest: number): string | undefined {
  const text = typeof value === 'string' ? value.trim() : '';
  return text === '' || text.length > longest ? undefined : text;
}
