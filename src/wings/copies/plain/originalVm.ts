// The VM that a replica is of, on its own host: whether the replica may take its place, and what it has not.
import { shellWord } from '../../../base/shellWord.js';
import { Failure } from '../../../domain/failure.js';
import { isActive, type VmRef } from '../../../domain/vm.js';
import type { EnginePort } from '../../../engine/enginePort.js';
import { CopiesFault } from '../copiesFault.js';
import { HostShell } from '../host/hostShell.js';
import type { Manifest } from '../vm/manifest.js';

/** `same`: it is off, and has nothing that the replica has not. */
export type OriginalSeen = 'same' | 'gone' | Failure;

/**
 * @param uri of its host, which is not asked any more afterwards
 * @throws CopiesFault `originalRuns`, `originalNewer`; Failure of a host that answers
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
  { vm: { name }, present, snapshots, files }: Manifest,
  ref: VmRef,
  signal: AbortSignal,
): Promise<OriginalSeen> {
  const vm = engine.findVm(ref)?.vm;
  if (vm === undefined) {
    return 'gone';
  }
  if (isActive(vm.power)) {
    throw new CopiesFault({ kind: 'originalRuns', name, host: ref.connection });
  }
  const held = new Set(snapshots.map((one) => one.name));
  const tree = await engine.readTree(ref);
  const shell = await HostShell.open(await engine.hostLogin(ref), signal);
  try {
    const stored = new Map(files.flatMap((file) => (file.stored === undefined ? [] : [[file.stored, file]])));
    const found = await shell.run(`stat -c '%s %.9Y' -- ${[...stored.keys()].map(shellWord).join(' ')}`);
    const expected = [...stored.values()].map(({ bytes, modified = '' }) => `${bytes} ${modified}`);
    if (!present || tree.snapshots.some((one) => !held.has(one.name)) || found.said !== expected.join('\n')) {
      throw new CopiesFault({ kind: 'originalNewer', name, host: ref.connection });
    }
    return 'same';
  } finally {
    shell.close();
  }
}
