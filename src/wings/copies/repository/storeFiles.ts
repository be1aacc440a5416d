// Stores files, or the bytes of one device, as a snapshot of restic's.
import * as v from 'valibot';
import { parseAs, parseSoundJson } from '../../../journal/json.js';
import type { GuestCare } from '../../../transfer/guestCare.js';
import { transferFailure } from '../../../transfer/transferFailure.js';
import { type Backup, tagsOf } from './backups.js';
import type { Restic } from './restic.js';
import { resticFailure } from './resticFailure.js';
import { backupTag, deviceTag, finishedTag } from './tags.js';

const summary = v.object({
  message_type: v.literal('summary'),
  /** Before compression. */
  data_added: v.number(),
  /** restic has it since 0.17. */
  data_added_packed: v.optional(v.number()),
  total_duration: v.number(),
  files_new: v.number(),
  files_changed: v.number(),
  total_files_processed: v.number(),
  total_bytes_processed: v.number(),
  snapshot_id: v.pipe(v.string(), v.regex(/^[\da-f]{8,64}$/u)),
});
const status = v.object({
  message_type: v.literal('status'),
  percent_done: v.number(),
  bytes_done: v.optional(v.number(), 0),
});

interface StoredFiles {
  readonly restic: Restic;
  readonly backup: Backup;
  readonly folder?: string;
  /** Of one device alone, or of files. */
  readonly paths: readonly string[];
  readonly care: Pick<GuestCare, 'during'>;
}

interface StoreWish {
  readonly tag: string;
  /** restic would look for one of the same files, and each new layer is one more. */
  readonly parent: string | undefined;
  /** How long the device is. */
  readonly device?: number;
  readonly onProgress: (fraction: number) => void;
}

export async function storeFiles(
  { restic, backup, folder, paths, care }: StoredFiles,
  { tag, parent, device, onProgress }: StoreWish,
): Promise<{ readonly snapshot: string; readonly bytes: number; readonly changed: number }> {
  let end: v.InferOutput<typeof summary> | undefined;
  await restic.run(
    [
      ...['backup', '--json', `--host=${backup.vm}`],
      ...(device === undefined ? ['--files-from-raw=-'] : ['--stdin', `--stdin-filename=${paths[0] ?? ''}`]),
      ...(await restic.connections.words()),
      `--tag=${[tag, ...tagsOf(backup)].join(',')}`,
      ...(parent === undefined ? [] : [`--parent=${parent}`]),
      // libvirt changes owners at each start, and no content by that.
      ...(tag === finishedTag ? ['--ignore-ctime'] : []),
    ],
    {
      ...{ folder, care },
      ...(device === undefined ? { input: paths.map((path) => `${path}\0`).join('') } : { inputFrom: paths[0] ?? '' }),
      onLine: (line) => {
        const value = line.startsWith('{') ? parseSoundJson(line) : undefined;
        end = parseAs(summary, value) ?? end;
        const done = parseAs(status, value);
        if (done !== undefined) {
          onProgress(device === undefined ? done.percent_done : done.bytes_done / Math.max(1, device));
        }
      },
    },
  );
  if (end === undefined) {
    throw resticFailure('failed', 'it did not say what it stored');
  }
  await restic.own.add([end.snapshot_id]);
  // It passes over what has gone.
  const isWhole = device === undefined || end.total_bytes_processed === device;
  if (end.total_files_processed !== paths.length || !isWhole) {
    throw transferFailure('changed');
  }
  const { data_added: whole, data_added_packed: bytes = whole } = end;
  await restic.connections.measure({ bytes, seconds: end.total_duration });
  return { snapshot: end.snapshot_id, bytes, changed: end.files_new + end.files_changed };
}

/** What restic calls the content of a snapshot: `restic copy` keeps it, and gives the snapshot another name. */
export async function treeOf(restic: Restic, backup: Backup, snapshot: string): Promise<string> {
  const found = await restic.snapshots([backupTag(backup.id), deviceTag]);
  const tree = found.find(({ id }) => id.startsWith(snapshot))?.tree ?? '';
  if (tree === '') {
    throw resticFailure('failed', 'it does not list what it stored');
  }
  return tree;
}
