// `virt-rewind changed VM --when PATH`: between which restore points a file changed. Each is read once.
import { createHash } from 'node:crypto';
import { t } from '@vscode/l10n';
import type { Context } from '../../../cli/context.js';
import { displayLine } from '../../../domain/plainText.js';
import type { Snapshot } from '../../../domain/snapshot.js';
import { currentOf, sortSnapshots } from '../../../domain/snapshotTree.js';
import { isActive } from '../../../domain/vm.js';
import { asPathError, requirePath } from './filesCommand.js';
import { type GuestDisks, openGuestDisks } from '../guestFiles.js';
import { FileSystemError, findNode } from '../read/guestFileSystem.js';
import type { InsideAnswers } from './answers.js';

const pieceBytes = 4 * 1024 * 1024;

export async function showWhen(
  { session, terminal, json, interruption }: Context,
  view: Parameters<typeof openGuestDisks>[1],
  path: string,
): Promise<void> {
  const tree = await session.engine.readTree(view.ref);
  const { signal } = interruption;
  const read = async (snapshot?: Snapshot): Promise<string> => {
    const options = { environment: process.env, signal, ...(snapshot && { snapshot }) };
    const disks = await openGuestDisks(session.engine, view, options);
    try {
      const state = await stateOf(disks, path, signal);
      await disks.requireUnchanged();
      return state;
    } finally {
      disks.close();
    }
  };
  const states = new Map<string, string>();
  const when: { readonly before: Snapshot; readonly after?: Snapshot }[] = [];
  const compare = async (before: Snapshot | undefined, after?: Snapshot): Promise<void> => {
    const state = await read(after);
    if (before !== undefined && states.get(before.name) !== state) {
      when.push({ before, ...(after && { after }) });
    }
    if (after !== undefined) {
      states.set(after.name, state);
    }
  };
  const byName = new Map(tree.snapshots.map((snapshot) => [snapshot.name, snapshot]));
  for (const snapshot of sortSnapshots(tree, 'time')) {
    await compare(byName.get(snapshot.parent ?? ''), snapshot);
  }
  if (!isActive(view.vm.power)) {
    await compare(currentOf(tree));
  }
  json?.({
    fileSystems: [],
    packages: [],
    rpmChanged: false,
    when: when.map(({ before, after }) => ({ before: before.name, ...(after && { after: after.name }) })),
  } satisfies InsideAnswers['changed']);
  const lines = when.map(({ before, after }) =>
    t('{0}: changed from {1} to {2}', displayLine(path), before.title, after?.title ?? t('Current state')),
  );
  if (json === undefined) {
    terminal.say(lines.length > 0 ? lines.join('\n') : t('{0}: nothing changed', displayLine(path)));
  }
}

/** What a change of it would change: content, link, mode, owner, type. Empty: it is not there. */
async function stateOf(disks: GuestDisks, path: string, signal: AbortSignal): Promise<string> {
  const found = await requirePath(disks, path);
  const { system } = found.volume;
  try {
    const node = await findNode(system, found.path, 'itself');
    const { kind, bytes, mode, uid, gid } = await system.facts(node);
    if (kind === 'folder') {
      throw new FileSystemError('isAFolder', path);
    }
    const hash = createHash('sha256');
    if (kind === 'link') {
      hash.update(await system.readLink(node));
    }
    for (let at = 0; kind === 'file' && at < bytes; at += pieceBytes) {
      signal.throwIfAborted();
      hash.update(await system.read(node, at, pieceBytes));
    }
    return [kind, mode, uid, gid, hash.digest('hex')].join(' ');
  } catch (error) {
    if (error instanceof FileSystemError && (error.fault === 'notFound' || error.fault === 'notAFolder')) {
      return '';
    }
    throw asPathError(error, path);
  }
}
