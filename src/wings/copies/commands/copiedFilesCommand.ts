// Gives `virt-rewind files` the disks of a backup in a repository, or of an export or replica on this computer.
import { resolve } from 'node:path';
import { orNamed } from '../../../domain/asFailure.js';
import type { Context } from '../../../cli/context.js';
import { requireOneConnection } from './copiesCommand.js';
import { transferFailure } from '../../../transfer/transferFailure.js';
import { hostHere } from '../../../transfer/vmHost.js';
import { loginOfHost } from '../readCopies.js';
import { withMounted } from '../repository/mountedRepository.js';
import { Restic } from '../repository/restic.js';
import { requireManifest } from '../restore/planRestore.js';
import { copiedDisks, type PlaceOf, placesInFolder, placesInMounted } from '../restore/copiedDisks.js';
import { type CopySource, resticSource } from '../restore/copySource.js';
import type { AskCopies } from '../restore/onePoint.js';
import { plainFolder } from '../restore/plainFolder.js';

interface ReadDisk {
  readonly target: string;
  readonly image: {
    readonly file: string;
    readonly format: string;
    readonly tag?: string;
    readonly below: readonly { readonly file: string; readonly format: string }[];
  };
}

/** @param backup its ID, or without `--from` a folder */
export async function withCopiedDisks(
  context: Context,
  { backup, snapshot }: { readonly backup: string; readonly snapshot?: string },
  use: (disks: readonly ReadDisk[]) => Promise<void>,
): Promise<void> {
  const { call, session, interruption } = context;
  const { from, 'password-file': passwordFile } = call.texts;
  const { signal } = interruption;
  const read = async (source: CopySource, placeOf: PlaceOf): Promise<void> => {
    const manifest = await requireManifest(source);
    const connection = await anyConnection(context);
    const ask: AskCopies = (work) => session.engine.withCopies(connection, work);
    const disks = await copiedDisks(ask, manifest, snapshot, { placeOf, host: hostHere(process.env) });
    const images = disks.map(({ target, layers: [top, ...below], tag }) => ({
      target,
      image: { ...top, below, ...(tag !== undefined && { tag }) },
    }));
    await use(images);
  };
  await orNamed({ target: from ?? backup }, async () => {
    if ((await loginOfHost(session)) !== undefined) {
      throw transferFailure('elsewhere');
    }
    if (from === undefined) {
      const folder = resolve(backup);
      const source = await plainFolder(folder, signal);
      await source.unlessUpdated(async () => read(source, await placesInFolder(folder)));
      return;
    }
    const open = (own: AbortSignal): Promise<Restic> =>
      Restic.open(from, { environment: process.env, signal: own, passwordFile });
    const source = await resticSource(await open(signal), backup);
    const { files } = await requireManifest(source);
    await withMounted({ open, environment: process.env, signal }, async (mounted) =>
      read(source, await placesInMounted(mounted, files, source.snapshotOf)),
    );
  });
}

/** libvirt's documents are read the same on each. */
async function anyConnection(context: Context): Promise<string> {
  await context.session.reachAll();
  const open = context.session.engine.connections.find(({ state }) => state === 'connected');
  return open?.uri ?? (await requireOneConnection(context)).uri;
}
