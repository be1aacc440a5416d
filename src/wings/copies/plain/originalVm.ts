// The VM that a replica is of, on its own host: whether the replica may take its place, and what it has not.
import type { VmDocuments } from '../../../domain/copiedVm.js';
import { Failure } from '../../../domain/failure.js';
import type { EnginePort } from '../../../engine/enginePort.js';
import { isSameHostname } from '../../../base/hostname.js';
import { copiesFailure } from '../copiesFailure.js';
import { openCopyShell } from '../../../transfer/copyShell.js';
import { loginTo } from '../../../transfer/loginTo.js';
import { hasTpm, isActive, type VmRef } from '../../../domain/vm.js';
import { documentsOf, type Manifest } from '../../../transfer/manifest.js';
import { isSameTime } from './plainPlaces.js';

/** `same`: it is off, and its configuration, disks and snapshots are those of the replica. */
export type OriginalSeen = 'same' | 'sameButTpm' | 'gone' | Failure;

/**
 * @param uri of its host, which is not asked any more afterwards
 * @throws Failure `originalRuns`, `originalSaved`, `originalNewer`, `wrongOriginal`, `noLogin`; Failure of a host
 *   that answers
 */
export async function lookAtOriginal(
  engine: EnginePort,
  manifest: Manifest,
  uri: string,
  signal: AbortSignal,
): Promise<OriginalSeen> {
  const known = engine.connections.map((one) => one.uri);
  if (!known.includes(uri)) {
    engine.setConnections([...known, uri]);
  }
  try {
    await engine.connect(uri);
    return await compareOriginal(engine, manifest, { connection: uri, uuid: manifest.vm.uuid }, signal);
  } catch (error) {
    if (error instanceof Failure && error.kind === 'unreachable') {
      return error;
    }
    throw error;
  } finally {
    engine.setConnections(known);
  }
}

async function compareOriginal(
  engine: EnginePort,
  manifest: Manifest,
  ref: VmRef,
  signal: AbortSignal,
): Promise<OriginalSeen> {
  const { vm, present, files, replicaOf = '' } = manifest;
  const { connection } = ref;
  const of = { vm: vm.name, host: connection };
  const own = engine.findVm(ref)?.vm;
  if (own === undefined) {
    const there = engine.connections.find(({ uri }) => uri === connection)?.capabilities?.hostname ?? '';
    if (!isSameHostname(replicaOf, there)) {
      throw copiesFailure('wrongOriginal', { ...of, of: replicaOf, there });
    }
    return 'gone';
  }
  if (isActive(own.power)) {
    throw copiesFailure('originalRuns', { ...of });
  }
  if (own.managedSave) {
    throw copiesFailure('originalSaved', { ...of });
  }
  const documents = await engine.withCopies(connection, async (copies) =>
    copies.withoutVolumes(await copies.readDocuments(ref.uuid)),
  );
  const shell = await openCopyShell(await loginTo(engine, connection, 'toRead'), signal);
  try {
    const all = new Map(files.flatMap((file) => (file.stored === undefined ? [] : [[file.stored, file]])));
    // No time of a device tells whether it was written to.
    const devices = [...all].filter(([, { device }]) => device === true);
    const stored = new Map([...all].filter(([, { device }]) => device !== true));
    const stat = ['stat', '-c', '%s %.9Y', '--', ...stored.keys()];
    const found = stored.size === 0 ? [] : (await shell.run(...stat)).said.split('\n');
    let isSame =
      found.length === stored.size &&
      [...stored.values()].every(({ bytes, modified }, at) => {
        const [size, time] = found[at]?.split(' ') ?? [];
        return size === String(bytes) && isSameTime(modified, time);
      });
    for (const [path, { sha256 = '' }] of devices) {
      isSame &&= (await shell.run('sum_of', path)).said.startsWith(`${sha256} `);
    }
    const state = manifest.tpm?.find((one) => one.present)?.state;
    const read = state === undefined ? undefined : await shell.run('base64', '-w0', '--', own.tpmState ?? '');
    const isOtherTpm = read?.code === 0 && read.said !== state;
    if (!present || !isSame || isOtherTpm || essenceOf(documents) !== essenceOf(documentsOf(manifest))) {
      throw copiesFailure('originalNewer', { ...of });
    }
    return hasTpm(own) && read?.code !== 0 ? 'sameButTpm' : 'same';
  } finally {
    shell.close();
  }
}

/** libvirt lists snapshots in no order of its own. */
function essenceOf({ definition, snapshots, current }: VmDocuments): string {
  const sorted = snapshots.toSorted((one, other) => (one.name < other.name ? -1 : 1));
  return JSON.stringify([definition, current, sorted.map(({ name, parent, xml }) => [name, parent, xml])]);
}
