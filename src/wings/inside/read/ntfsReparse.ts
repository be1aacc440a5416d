// Where links of Windows lead: symbolic links, junctions, and those of the Linux subsystem.
import type { GuestFileSystem } from './guestFileSystem.js';

const tags = { junction: 0xa0000003, link: 0xa000000c, linux: 0xa000001d } as const;
const isRelative = 1;

/** What stands in place of a file's content, by its kind. Undefined where the attribute is none. */
export type ReparsePoint = { readonly kind: 'link'; readonly to: string } | { readonly kind: 'other'; tag: number };

/** @param drive whether the file system is the drive C: of the guest */
export function parseReparse(raw: Buffer, drive: 'system' | 'other'): ReparsePoint | undefined {
  if (raw.length < 8) {
    return undefined;
  }
  const tag = raw.readUInt32LE(0);
  if (tag === tags.linux) {
    return { kind: 'link', to: raw.toString('utf8', 12, 8 + raw.readUInt16LE(4)) };
  }
  if (tag !== tags.link && tag !== tags.junction) {
    return { kind: 'other', tag };
  }
  const textAt = tag === tags.link ? 20 : 16;
  if (raw.length < textAt) {
    return undefined;
  }
  const from = textAt + raw.readUInt16LE(8);
  const path = raw.toString('utf16le', from, from + raw.readUInt16LE(10)).replaceAll('\\', '/');
  const isFromRoot = tag === tags.junction || (raw.readUInt32LE(16) & isRelative) === 0;
  return { kind: 'link', to: isFromRoot ? pathFromRoot(path, drive) : path };
}

/** `/??/C:/Users` is `/Users` of the system's drive. Nothing here tells which file system another letter means. */
function pathFromRoot(path: string, drive: 'system' | 'other'): string {
  const plain = path.replace(/^\/\?\?\//u, '');
  return drive === 'system' && /^C:\//iu.test(plain) ? plain.slice(2) : plain;
}

/** What only the drive of Windows has. */
export async function driveOf(system: GuestFileSystem): Promise<'system' | 'other'> {
  return (await system.list(system.root)).some(({ name }) => name.toLowerCase() === 'windows') ? 'system' : 'other';
}
