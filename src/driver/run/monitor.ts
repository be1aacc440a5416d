// QEMU's own monitor, asked through libvirt. libvirt notes of a VM that was asked so that it is "tainted", until it is
// off; nothing else about it changes. What QEMU answers is checked like any input. Knows no snapshot.
import { setTimeout as later } from 'node:timers/promises';
import * as v from 'valibot';
import { type Version, versionOf } from '../../domain/capabilities.js';
import type { Connection } from '../../libvirt/connection.js';
import type { Domain } from '../../libvirt/structs.js';

export interface MonitoredVm {
  readonly connection: Connection;
  readonly dom: Domain;
}

/** QEMU said no; the message is its own, untrusted, for the log. */
export class MonitorError extends Error {
  override readonly name = 'MonitorError';
}

/** With 7.2 a stream that breaks off leaves the guest hanging for ever; those between were not tried. */
export const leastQemu = versionOf(10, 0);

const refused = v.object({ error: v.object({ desc: v.string() }) });

/** Rejects with MonitorError, LibvirtError or ConnectionLost. */
export async function ask<S extends v.GenericSchema>(
  { connection, dom }: MonitoredVm,
  answer: S,
  execute: string,
  parameters?: object,
): Promise<v.InferOutput<S>> {
  const cmd = JSON.stringify({ execute, ...(parameters === undefined ? {} : { arguments: parameters }) });
  const { result } = await connection.call('qemuDomainMonitorCommand', { dom, cmd, flags: 0 });
  return answerOf(answer, execute, result);
}

/** @throws MonitorError where QEMU refused, or said what is not understood */
export function answerOf<S extends v.GenericSchema>(answer: S, execute: string, text: string): v.InferOutput<S> {
  const told = parseAnswer(execute, text);
  const no = v.safeParse(refused, told);
  if (no.success) {
    throw new MonitorError(`${execute}: ${no.output.error.desc}`);
  }
  const yes = v.safeParse(v.object({ return: answer }), told);
  if (!yes.success) {
    throw new MonitorError(`${execute}: an answer that is not understood`);
  }
  // The schema of the whole has the schema of the part in it: valibot's types do not follow that.
  return (yes.output as { readonly return: v.InferOutput<S> }).return;
}

function parseAnswer(execute: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new MonitorError(`${execute}: ${String(error)}`);
  }
}

const count = v.pipe(v.number(), v.minValue(0));

const migration = v.object({
  status: v.optional(v.string()),
  'error-desc': v.optional(v.string()),
  'blocked-reasons': v.optional(v.array(v.string()), []),
  ram: v.optional(
    v.object({
      total: v.optional(count, 0),
      transferred: v.optional(count, 0),
      normal: v.optional(count, 0),
      duplicate: v.optional(count, 0),
    }),
  ),
});

/** A stream of a VM's state out of QEMU, which QEMU calls a migration. */
export interface Stream {
  /** `none`: there was none since QEMU started. */
  readonly state: 'none' | 'going' | 'completed' | 'failed';
  readonly said?: string;
  /** Why none can be begun, in QEMU's own words: a device of the VM stands against it. */
  readonly blockers: readonly string[];
  /** Pages have come: the state of the devices is kept, and all of RAM guarded, so that the guest may run. */
  readonly hasPages: boolean;
  /** In bytes. */
  readonly ramBytes: number;
  readonly writtenBytes: number;
}

const ended = { completed: 'completed', failed: 'failed', cancelled: 'failed', none: 'none' } as const;

export async function readStream(monitored: MonitoredVm): Promise<Stream> {
  const answer = await ask(monitored, migration, 'query-migrate');
  const { status = 'none', ram, 'error-desc': said, 'blocked-reasons': blockers } = answer;
  const known: Partial<Record<string, Stream['state']>> = ended;
  return {
    state: known[status] ?? 'going',
    ...(said === undefined ? {} : { said }),
    blockers,
    hasPages: (ram?.normal ?? 0) + (ram?.duplicate ?? 0) > 0,
    ramBytes: ram?.total ?? 0,
    writtenBytes: ram?.transferred ?? 0,
  };
}

export async function readBlockers(monitored: MonitoredVm): Promise<Stream['blockers']> {
  return (await readStream(monitored)).blockers;
}

const capability = 'background-snapshot';

/**
 * QEMU looks here whether it can guard all of the VM's RAM, and opens what it needs for it: on, then off, is a whole
 * trial.
 */
export async function setBackgroundSnapshot(monitored: MonitoredVm, state: boolean): Promise<void> {
  await ask(monitored, v.unknown(), 'migrate-set-capabilities', { capabilities: [{ capability, state }] });
}

export async function isBackgroundSnapshotOn(monitored: MonitoredVm): Promise<boolean> {
  const schema = v.array(v.object({ capability: v.string(), state: v.boolean() }));
  const all = await ask(monitored, schema, 'query-migrate-capabilities');
  return all.some((one) => one.capability === capability && one.state);
}

/** Reads the version of the program that runs the VM: it may be older than the one for the next start. */
export async function readQemuVersion(monitored: MonitoredVm): Promise<Version> {
  const part = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(999));
  const shape = v.object({ qemu: v.object({ major: part, minor: part, micro: part }) });
  const { major, minor, micro } = (await ask(monitored, shape, 'query-version')).qemu;
  return versionOf(major, minor, micro);
}

const changes = ['wr_operations', 'failed_wr_operations', 'wr_merged', 'unmap_operations', 'zone_append_operations'];

/**
 * How many requests of the guest have changed a disk since QEMU started: as many as before tells that none did since.
 */
export async function readWrites(monitored: MonitoredVm): Promise<number> {
  const shape = v.array(v.object({ stats: v.record(v.string(), v.unknown()) }));
  const disks = await ask(monitored, shape, 'query-blockstats');
  const counts = disks.flatMap(({ stats }) => changes.map((one) => v.parse(v.optional(count, 0), stats[one])));
  return counts.reduce((sum, one) => sum + one, 0);
}

/** Answered at once; see `readStream` for what becomes of it. */
export async function startStream(monitored: MonitoredVm, uri: string): Promise<void> {
  await ask(monitored, v.unknown(), 'migrate', { uri });
}

/** From QEMU 10 on the guest goes on at full speed; with 7.2 it would hang for ever. */
export async function cancelStream(monitored: MonitoredVm): Promise<void> {
  await ask(monitored, v.unknown(), 'migrate_cancel');
}

/** By which descriptors that we gave to QEMU are known among those of others. */
export const descriptorMark = 'virt-rewind';

/** QEMU closes those that it has of us. */
async function takeBackDescriptors(monitored: MonitoredVm): Promise<void> {
  const shape = v.array(
    v.object({ 'fdset-id': v.number(), fds: v.array(v.object({ opaque: v.optional(v.string()) })) }),
  );
  for (const { 'fdset-id': set, fds } of await ask(monitored, shape, 'query-fdsets')) {
    if (fds.some(({ opaque }) => opaque === descriptorMark)) {
      await ask(monitored, v.unknown(), 'remove-fd', { 'fdset-id': set });
    }
  }
  // Whatever it answers: a stream has taken the one of that name, if there was one.
  const cmd = JSON.stringify({ execute: 'closefd', arguments: { fdname: descriptorMark } });
  await monitored.connection.call('qemuDomainMonitorCommand', { dom: monitored.dom, cmd, flags: 0 });
}

/** What `abortBackgroundSave` would end. */
export async function isBackgroundSaveLeft(monitored: MonitoredVm): Promise<boolean> {
  return (await readStream(monitored)).state === 'going' || isBackgroundSnapshotOn(monitored);
}

const lookEveryMs = 50;

/**
 * QEMU is as it was before, whatever became of a stream of ours. With the capability left on, libvirt 9.0 saves RAM
 * that does not belong to the disks. Idempotent.
 * @throws MonitorError where libvirt itself sends the state of the VM somewhere for another client: that goes on
 */
export async function abortBackgroundSave(monitored: MonitoredVm): Promise<void> {
  const { connection, dom } = monitored;
  for (let cancelled = false; (await readStream(monitored)).state === 'going'; cancelled = true) {
    // It knows nothing of ours.
    if ((await connection.call('domainGetJobStats', { dom, flags: 0 })).type !== 0) {
      throw new MonitorError('migrate_cancel: libvirt is saving or moving the VM');
    }
    await (cancelled ? later(lookEveryMs) : cancelStream(monitored));
  }
  if (await isBackgroundSnapshotOn(monitored)) {
    await setBackgroundSnapshot(monitored, false);
  }
  await takeBackDescriptors(monitored);
}
