// What a backup says of itself: the VM, its snapshots, and each file with its place. It comes back from a repository
// that others may write to, so nothing in it is believed before it was looked at. Pure.
import { posix } from 'node:path';
import * as v from 'valibot';
import { isCloneName } from '../domain/clone.js';
import type { VmDocuments } from '../domain/copiedVm.js';
import { count, parseAs, parseSoundJson, writeJson } from '../journal/json.js';

/** Its place within the backup. */
export const manifestName = 'virt-rewind-backup.json';
export const mostManifestBytes = 64 * 1024 * 1024;
/** The largest state of a TPM: swtpm keeps some ten kilobytes. */
export const mostStateBytes = 1024 * 1024;
/** Another number when a reader of an earlier one would restore it wrong. */
const formats = { plain: 1, special: 2 } as const;
const most = 10_000;

const path = v.pipe(v.string(), v.check(isNamable));
/** Below the folder that the backup is restored into, and nowhere else. */
const stored = v.pipe(
  path,
  v.check((text) => posix.normalize(text) === text),
);
const seconds = v.pipe(v.string(), v.regex(/^\d{1,15}\.\d{9}$/u));
const name = v.pipe(v.string(), v.minLength(1), v.maxLength(4_096));

const copiedFile = v.object({
  /** As libvirt or another image names it. */
  path,
  role: v.picklist(['disk', 'memory', 'uefiVariables']),
  /**
   * `stored`: it is in the backup. `overlay`: the VM wrote to it, so that an empty one stands in its place. `none`: it
   * was not there, but a snapshot names it.
   */
  content: v.picklist(['stored', 'overlay', 'none']),
  /** Where the backup has it: the path without links. */
  stored: v.optional(stored),
  bytes: count,
  allocatedBytes: count,
  /** The format of a disk. */
  format: v.optional(v.picklist(['qcow2', 'raw'])),
  virtualBytes: v.optional(count),
  backing: v.optional(path),
  /** All bytes of a block device. */
  device: v.optional(v.literal(true)),
  /** What restic calls the content of a device, which is a snapshot of its own there. */
  tree: v.optional(v.pipe(v.string(), v.regex(/^[\da-f]{64}$/u))),
  /** A secret of libvirt's opens it. */
  encrypted: v.optional(v.literal(true)),
  /** Its name in a plain folder of copies, which also says what it holds. */
  place: v.optional(v.pipe(v.string(), v.regex(/^\w[\w.+@=-]{0,200}$/u))),
  sha256: v.optional(v.pipe(v.string(), v.regex(/^[\da-f]{64}$/u))),
  /** In seconds since 1970, as the file system tells it. */
  modified: v.optional(seconds),
  /** The same of the file in a replica, where that is another time: somebody moved it, or times are coarse. */
  modifiedThere: v.optional(seconds),
});

const tpmState = v.object({
  state: v.pipe(v.string(), v.maxLength((mostStateBytes * 4) / 3 + 4), v.regex(/^[\dA-Za-z+/]+={0,2}$/u)),
  present: v.optional(v.literal(true)),
  /** It is beside these too. A snapshot with RAM has it in the RAM. */
  snapshots: v.pipe(v.array(name), v.maxLength(most)),
});

const shape = v.object({
  format: v.picklist(Object.values(formats)),
  vm: v.object({ name, uuid: v.pipe(v.string(), v.regex(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/u)) }),
  /** In milliseconds since 1970. */
  madeAt: count,
  libvirt: v.string(),
  /** Name of the host that the VM is on, of a replica. */
  replicaOf: v.optional(name),
  /** Whether the current state of the VM is in it. */
  present: v.boolean(),
  /** Its guest agent answered then. For a VM that was off, or had none that answered, it is not known. */
  agent: v.optional(v.literal(true)),
  definition: v.string(),
  snapshots: v.pipe(v.array(v.object({ name, parent: v.optional(name), xml: v.string() })), v.maxLength(most)),
  current: v.optional(name),
  files: v.pipe(v.array(copiedFile), v.maxLength(most)),
  /** Each that the VM or one of its snapshots has, once. Absent: it has no TPM, or it could not be read. */
  tpm: v.optional(v.pipe(v.array(tpmState), v.maxLength(most))),
});

type ManifestDocument = v.InferOutput<typeof shape>;
export type CopiedFile = ManifestDocument['files'][number];
export type Manifest = Omit<ManifestDocument, 'format'>;

/** Whether a manifest can hold it: absolute, and no way up. */
export function isNamable(text: string): boolean {
  return (
    text.startsWith('/') &&
    text.length <= 4_096 &&
    !text.endsWith('/') &&
    !text.includes('\0') &&
    text.split('/').every((part) => part !== '.' && part !== '..')
  );
}

/** @throws where it could not be read again */
export function writeManifest(manifest: Manifest): string {
  const isSpecial = manifest.files.some(({ device, encrypted }) => device ?? encrypted);
  const text = writeJson({ format: isSpecial ? formats.special : formats.plain, ...manifest });
  if (text.length > mostManifestBytes || typeof readManifest(text) === 'string') {
    throw new Error('the manifest of this VM could not be read again');
  }
  return text;
}

/** `newer`: it says that a later version wrote it. */
export function readManifest(text: string): Manifest | 'broken' | 'newer' {
  const value = parseSoundJson(text);
  const version = parseAs(v.object({ format: count }), value)?.format;
  if (version !== undefined && version > formats.special) {
    return 'newer';
  }
  const manifest = parseAs(shape, value);
  return manifest === undefined || !isSound(manifest) ? 'broken' : manifest;
}

/** Each parent stands before its children, and no file rests on itself. */
function isSound({ files, snapshots, current, tpm = [] }: ManifestDocument): boolean {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const names = new Set<string>();
  for (const snapshot of snapshots) {
    if (names.has(snapshot.name) || (snapshot.parent !== undefined && !names.has(snapshot.parent))) {
      return false;
    }
    names.add(snapshot.name);
  }
  return (
    byPath.size === files.length &&
    (current === undefined || names.has(current)) &&
    tpm.filter(({ present }) => present).length < 2 &&
    // Each becomes the end of a file's name.
    tpm.flatMap((one) => one.snapshots).every((own) => names.delete(own) && !own.includes('/')) &&
    files.every((file) => isSoundFile(file, byPath))
  );
}

function isSoundFile(file: CopiedFile, byPath: ReadonlyMap<string, CopiedFile>): boolean {
  const { content, stored, role, backing } = file;
  if ((content === 'stored') !== (stored !== undefined) || (role !== 'disk' && content === 'overlay')) {
    return false;
  }
  if ((file.device ?? file.encrypted) === true && (role !== 'disk' || content !== 'stored')) {
    return false;
  }
  if (role === 'disk' && content !== 'none' && (file.format === undefined || file.virtualBytes === undefined)) {
    return false;
  }
  if ((content === 'overlay' && backing === undefined) || (backing !== undefined && file.format !== 'qcow2')) {
    return false;
  }
  const seen = new Set<string>([file.path]);
  for (let at = backing; at !== undefined; at = byPath.get(at)?.backing) {
    const below = byPath.get(at);
    if (seen.has(at) || below?.content !== 'stored' || below.role !== 'disk') {
      return false;
    }
    seen.add(at);
  }
  return true;
}

/** The name of the folder that a copied or restored VM gets. */
export function folderNameOf({ name: own, uuid }: Manifest['vm']): string {
  return isCloneName(own) ? own : `vm-${uuid}`;
}

export function documentsOf({ definition, snapshots, current }: Manifest): VmDocuments {
  return {
    definition,
    snapshots: snapshots.map(({ name: own, parent, xml }) => ({
      name: own,
      ...(parent !== undefined && { parent }),
      xml,
    })),
    ...(current !== undefined && { current }),
  };
}

/** What files with a content take, each once. */
export function storedBytes(files: readonly CopiedFile[], which: 'bytes' | 'allocatedBytes'): number {
  const stored = new Map(files.flatMap((file) => (file.stored === undefined ? [] : [[file.stored, file[which]]])));
  return [...stored.values()].reduce((sum, bytes) => sum + bytes, 0);
}

/**
 * The path of each file within the folder of the restored VM: beside each other, or, where two names are alike, a
 * folder for each folder that they came from. Copies of UEFI variables stay beside the variables, which they are
 * called after.
 */
export function placesIn(folder: string, files: readonly CopiedFile[]): ReadonlyMap<string, string> {
  const keyOf = ({ role, path: own, stored }: CopiedFile): string => (role === 'disk' ? (stored ?? own) : own);
  const keys = [...new Set(files.map(keyOf))];
  const folders = [...new Set(keys.map((key) => posix.dirname(key)))];
  const isFlat = new Set(keys.map((key) => posix.basename(key))).size === keys.length;
  return new Map(
    files.map((file) => {
      const key = keyOf(file);
      const own = isFlat ? folder : posix.join(folder, String(folders.indexOf(posix.dirname(key)) + 1));
      return [file.path, posix.join(own, posix.basename(key))];
    }),
  );
}
