// `virt-rewind images`: what the catalogue has, and what of it is on this computer.
import { t } from '@vscode/l10n';
import { CliError } from '../../../cli/commandError.js';
import { Failure } from '../../../domain/failure.js';
import type { CommandHandler, Context } from '../../../cli/context.js';
import type { CommandAnswer } from '../../../cli/printed.js';
import { fetchedFolder } from '../../../driver/files/labImages.js';
import { bytesText } from '../../../text/bytesText.js';
import { guestFailure } from '../guestFailure.js';
import { fetchingText, uncheckedText } from '../guestText.js';
import { type CatalogueImage, imageNamed, readCatalogue } from '../images/catalogue.js';
import { type FetchedImage, fetchImage } from '../images/fetchImage.js';
import { listKept, removeKept } from '../../../driver/files/keptImages.js';
import { othersUse } from '../make/removeNewVm.js';
import type { GuestAnswers } from './answers.js';

export const images: CommandHandler = async (context) => {
  const { call } = context;
  const [action = 'list', name] = call.operands;
  const store = storeOf(context);
  if (action !== 'list' && (name === undefined || !['fetch', 'remove'].includes(action))) {
    throw new CliError('usage', 'ACTION is fetch IMAGE or remove IMAGE. See virt-rewind images --help.');
  }
  const catalogue = await readCatalogue(context.session.folder);
  if (action === 'fetch') {
    await fetchNamed(context, store, name ?? '');
  } else if (action === 'remove') {
    await removeNamed(context, store, name ?? '');
  }
  return list(store, catalogue);
};

/** On the connection of the call. */
function storeOf({ session }: Context): string {
  return fetchedFolder(connectionOf(session), process.env);
}

function connectionOf({ engine }: Context['session']): string {
  return engine.connections[0]?.uri ?? '';
}

async function fetchNamed({ session, terminal, interruption }: Context, store: string, name: string): Promise<void> {
  const image = await imageNamed(session.folder, name);
  const fetched = await fetchImage(image, {
    ...{ store, environment: process.env, signal: interruption.signal },
    inUse: othersUse(session, connectionOf(session)),
    onProgress: (received, total) => terminal.progress(fetchingText(name, received, total)),
  });
  tellUnchecked(terminal, fetched);
}

export function tellUnchecked(terminal: Context['terminal'], fetched: FetchedImage): void {
  const note = uncheckedText(fetched);
  if (note !== undefined) {
    terminal.tell(note);
  }
}

async function removeNamed({ session }: Context, store: string, name: string): Promise<void> {
  const kept = (await listKept(store)).filter((one) => one.name === name);
  if (kept.length === 0) {
    throw guestFailure('notKept', { name });
  }
  for (const one of kept) {
    const refusal = await removeKept(store, one, othersUse(session, connectionOf(session)));
    if (refusal !== undefined) {
      throw new Failure('refused', { path: one.path, refusal });
    }
  }
}

async function list(store: string, catalogue: readonly CatalogueImage[]): Promise<CommandAnswer> {
  const kept = await listKept(store);
  const names = new Set([...catalogue, ...kept].map(({ name }) => name));
  const rows = [...names].toSorted().map((name) => ({
    name,
    address: catalogue.find((one) => one.name === name)?.address,
    kept: kept.find((one) => one.name === name),
  }));
  const told = rows.map(({ name, address, kept: here }) => ({
    name,
    ...(address !== undefined && { address }),
    ...(here !== undefined && {
      kept: { bytes: here.bytes, fetchedAt: new Date(here.fetchedAt).toISOString() },
    }),
  }));
  const columns = [
    { title: t('Image'), rank: 0 },
    { title: t('Size'), rank: 1 },
    { title: t('Address'), rank: 2 },
  ];
  const cells = rows.map(({ name, address, kept: here }) => [
    name,
    here === undefined ? '–' : bytesText(here.bytes),
    address ?? '–',
  ]);
  return { answer: { images: told } satisfies GuestAnswers['images'], text: [{ columns, rows: cells }] };
}
