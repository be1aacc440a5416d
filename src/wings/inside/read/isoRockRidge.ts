// What Rock Ridge adds to a record of ISO 9660: names, links and permissions as Unix has them.
import { FileSystemError } from './guestFileSystem.js';

export interface RockRidge {
  name?: Buffer;
  link?: string;
  mode?: number;
  links?: number;
  uid?: number;
  gid?: number;
  modified?: Buffer;
  /** The block of a folder that lies elsewhere, for it is too deep. */
  movedTo?: number;
  /** Such a folder, where it lies. */
  isMoved?: true;
  isCompressed?: true;
  /** Where more of it is. */
  more?: { readonly block: number; readonly at: number; readonly bytes: number };
}

const timeFlags = { created: 1, modified: 2, long: 0x80 } as const;
const longestText = 65_536;

/** Reads entries of the system use area; a second part of it goes on with what the first one told. */
export function addRockRidge(area: Buffer, into: RockRidge): void {
  delete into.more;
  for (let at = 0; at + 4 <= area.length;) {
    const length = area.readUInt8(at + 2);
    if (length < 4 || at + length > area.length) {
      return;
    }
    addEntry(area.toString('latin1', at, at + 2), area.subarray(at, at + length), into);
    at += length;
  }
}

function addEntry(kind: string, raw: Buffer, into: RockRidge): void {
  if (kind === 'NM' && raw.length > 5) {
    into.name = Buffer.concat([into.name ?? Buffer.alloc(0), raw.subarray(5)]);
  } else if (kind === 'SL' && raw.length > 5) {
    into.link = linkWith(into.link, raw.subarray(5));
  } else if (kind === 'PX' && raw.length >= 36) {
    into.mode = raw.readUInt32LE(4);
    into.links = raw.readUInt32LE(12);
    into.uid = raw.readUInt32LE(20);
    into.gid = raw.readUInt32LE(28);
  } else if (kind === 'TF' && raw.length >= 5) {
    const flags = raw.readUInt8(4);
    const at = (flags & timeFlags.created) === 0 ? 5 : 12;
    if ((flags & timeFlags.modified) !== 0 && (flags & timeFlags.long) === 0 && at + 7 <= raw.length) {
      into.modified = raw.subarray(at, at + 7);
    }
  } else if (kind === 'CL' && raw.length >= 8) {
    into.movedTo = raw.readUInt32LE(4);
  } else if (kind === 'RE') {
    into.isMoved = true;
  } else if (kind === 'ZF') {
    into.isCompressed = true;
  } else if (kind === 'CE' && raw.length >= 28) {
    into.more = { block: raw.readUInt32LE(4), at: raw.readUInt32LE(12), bytes: raw.readUInt32LE(20) };
  }
  if ((into.name?.length ?? 0) + (into.link?.length ?? 0) > longestText) {
    throw new FileSystemError('damaged', kind);
  }
}

const partFlags = { goesOn: 1, itself: 2, above: 4, root: 8 } as const;
/** Stands at the end of a link while a part of it goes on: no name has it. */
const goesOn = '\0';

function linkWith(before: string | undefined, parts: Buffer): string {
  let link = before;
  for (let at = 0; at + 2 <= parts.length;) {
    const [flags, length] = [parts.readUInt8(at), parts.readUInt8(at + 1)];
    const name =
      (flags & partFlags.itself) !== 0
        ? '.'
        : (flags & partFlags.above) !== 0
          ? '..'
          : parts.toString('utf8', at + 2, at + 2 + length);
    const isOpen = link?.endsWith(goesOn) === true;
    const head = link === undefined ? '' : isOpen ? link.slice(0, -1) : link.endsWith('/') ? link : `${link}/`;
    link = (flags & partFlags.root) !== 0 ? '/' : `${head}${name}${(flags & partFlags.goesOn) !== 0 ? goesOn : ''}`;
    at += 2 + length;
  }
  return link ?? '';
}
