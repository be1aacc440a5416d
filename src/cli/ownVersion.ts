// The version of this program, as its package tells it.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export function ownVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(dirname(__dirname), 'package.json'), 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : '?';
}
