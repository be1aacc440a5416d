// Checks that a backup can be restored: by reading all of its data back, or by starting its VM apart from everything.
import { randomBytes } from 'node:crypto';
import * as v from 'valibot';
import { Failure, isOfWing } from '../../../domain/failure.js';
import { systemClock } from '../../../base/clock.js';
import { isCloneName } from '../../../domain/clone.js';
import type { Vm, VmRef } from '../../../domain/vm.js';
import type { EnginePort } from '../../../engine/enginePort.js';
import { waitFor } from '../../../engine/waitFor.js';
import { parseAs, parseSoundJson } from '../../../journal/json.js';
import { bringBack } from './bringBack.js';
import { requireManifest, type RestoreWish } from './planRestore.js';
import type { Backup } from '../repository/backups.js';
import { copiesFailure } from '../copiesFailure.js';
import { resticSource, type ResticSource } from './copySource.js';
import { discard, discardChecks, type RestoreEngine } from './leftRestores.js';
import { manifestName, storedBytes } from '../../../transfer/manifest.js';
import { type Restic } from '../repository/restic.js';
import { isDamage } from '../repository/resticFailure.js';
import { recordVerification, type Verification } from '../repository/verifications.js';

type CheckEngine = RestoreEngine & Pick<EnginePort, 'findVm'>;

export interface CheckWish {
  readonly onProgress: (fraction: number) => void;
  /** Starts its VM; absent: reads its data alone. */
  readonly boot?: Pick<RestoreWish, 'connection' | 'folder' | 'host' | 'signal'> & {
    readonly seconds: number;
    /** Reports paths that checks left, and that no record of ours names, or that a VM uses. */
    readonly onStays: (paths: readonly string[]) => void;
  };
}

export interface BackupChecked extends Omit<Verification, 'at'> {
  /** Why it did not pass. */
  readonly error?: unknown;
}

/** Records the result in the repository. @throws Failure, where nothing was found out of the backup */
export async function verifyBackup(
  engine: CheckEngine,
  restic: Restic,
  backup: Backup,
  wish: CheckWish,
): Promise<BackupChecked> {
  const checked = await check(engine, restic, backup, wish);
  await recordVerification(restic, backup, checked);
  return checked;
}

async function check(engine: CheckEngine, restic: Restic, backup: Backup, wish: CheckWish): Promise<BackupChecked> {
  let how: Verification['how'] = wish.boot === undefined ? 'read' : 'started';
  try {
    const source = await resticSource(restic, backup.id);
    const { bytes, snapshots } = await requireSizes(restic, source);
    if (wish.boot === undefined) {
      await readBack(restic, snapshots, (read) => wish.onProgress(Math.min(1, read / Math.max(1, bytes))));
    } else {
      how = await bootBackup(engine, source, backup.vm, wish.boot);
    }
    return { how, passed: true };
  } catch (error) {
    if (isOfBackup(error)) {
      return { how, passed: false, error };
    }
    throw error;
  }
}

/** All else is of a host or a network, and nothing was found out of the backup. */
function isOfBackup(error: unknown): boolean {
  return isOfWing(error, 'copies', 'brokenBackup', 'notUp', 'hostDisk') || isDamage(error);
}

const listed = v.object({ path: v.string(), type: v.literal('file'), size: v.optional(v.number(), 0) });

interface StoredSize {
  readonly bytes: number;
  /** What restic calls those that have the files. */
  readonly snapshots: readonly string[];
}

/** All that the manifest names is there and as large as it says. */
async function requireSizes(restic: Restic, source: ResticSource): Promise<StoredSize> {
  const { files } = await requireManifest(source);
  const snapshots = new Set([source.snapshot]);
  for (const file of files) {
    snapshots.add(await source.snapshotOf(file));
  }
  const sizes = new Map<string, number>();
  for (const snapshot of snapshots) {
    await restic.run(['ls', '--json', snapshot], {
      onLine: (line) => {
        const file = parseAs(listed, line.startsWith('{') ? parseSoundJson(line) : undefined);
        if (file !== undefined) {
          sizes.set(file.path, file.size);
        }
      },
    });
  }
  if (!sizes.has(`/${manifestName}`) || files.some(({ stored, bytes }) => stored && sizes.get(stored) !== bytes)) {
    throw copiesFailure('brokenBackup');
  }
  return { bytes: storedBytes(files, 'bytes'), snapshots: [...snapshots] };
}

/** restic decrypts each part, and compares it with its checksum. */
async function readBack(restic: Restic, snapshots: readonly string[], onBytes: (bytes: number) => void): Promise<void> {
  let bytes = 0;
  for (const snapshot of snapshots) {
    await restic.run(['dump', snapshot, '/'], {
      onBytes: (more) => onBytes((bytes += more)),
    });
  }
}

/** Its files and its VM are gone afterwards, and what an earlier one left. */
async function bootBackup(
  engine: CheckEngine,
  source: ResticSource,
  vm: string,
  { seconds, onStays, ...wish }: NonNullable<CheckWish['boot']>,
): Promise<Verification['how']> {
  const place = { connection: wish.connection, host: wish.host };
  onStays(await discardChecks(engine, place, wish.folder));
  const own = `-check-${randomBytes(4).toString('hex')}`;
  const name = isCloneName(`${vm}${own}`) ? `${vm}${own}` : `backup${own}`;
  const { uuid, folder, made } = await bringBack(
    engine,
    // All of it is read, whether the VM needs it or not.
    {
      ...source,
      fetch: async (files, into) => {
        await source.fetch([], into);
        const devices = files.filter(({ device }) => device === true);
        await (devices.length > 0 && source.fetch(devices, into));
      },
    },
    { ...wish, name, isolated: true, isCheck: true },
  );
  try {
    const ref: VmRef = { connection: wish.connection, uuid };
    await engine.withCopies(wish.connection, (copies) => copies.startForUs(uuid));
    const { agent = false } = await requireManifest(source);
    return await waitUntilUp(engine, ref, { seconds, needsAgent: agent }, wish.signal);
  } finally {
    // What the VM made in it.
    await made.noteWithin(folder);
    onStays(await discard(engine, place, { folder, mark: { uuid, isCheck: true }, made }, 'runningCheck'));
  }
}

/** A channel for an agent is in many definitions, and an agent in fewer guests. */
async function waitUntilUp(
  engine: CheckEngine,
  ref: VmRef,
  { seconds, needsAgent }: { readonly seconds: number; readonly needsAgent: boolean },
  signal: AbortSignal,
): Promise<Verification['how']> {
  const readVm = async (): Promise<Vm> => {
    await engine.refresh({ connection: ref.connection });
    const vm = engine.findVm(ref)?.vm;
    if (vm === undefined) {
      throw copiesFailure('notUp', { seconds });
    }
    return vm;
  };
  const { agentChannel, name: vm } = await readVm();
  const what = agentChannel ? 'agent' : 'time';
  const atMostMs = seconds * 1_000;
  const wait = what === 'agent' ? ({ what, vm, atMostMs } as const) : ({ what, atMostMs } as const);
  const { outcome } = await waitFor(wait, { clock: systemClock, signal, readVm });
  if (outcome === 'stopped') {
    throw new Failure('cancelled', { byUs: true });
  }
  const isLate = outcome === 'late' && needsAgent;
  if (isLate || outcome === 'noAgent' || (await readVm()).power !== 'running') {
    throw copiesFailure('notUp', { seconds });
  }
  return what === 'agent' && outcome === 'there' ? 'agent' : 'started';
}
