// The tools that read the files of a restore point. What a guest wrote is untrusted, and bounded.
import type { Snapshot } from '../domain/snapshot.js';
import type { VmView } from '../live/views.js';
import type { FileReader, FilesPlace } from '../session/readers.js';
import { markUntrusted } from './guestText.js';
import { findSnapshotForAgent, requirePermittedVm, type ToolCall, type ToolHandler } from './toolCall.js';

const mostEntries = 500;
/** More than a model reads of it, so that what is left out in the middle is told. */
const mostBytes = 64 * 1024;

export const listGuestFolder: ToolHandler = async (work) => {
  const { view, snapshot } = await restorePointOf(work);
  const path = pathOf(work);
  const entries = await reading(work, view, snapshot, (files, place) => files.listFiles(place, path));
  return {
    ...pointOf(view, snapshot),
    entries: entries.slice(0, mostEntries).map(({ name, kind, bytes, mode, modifiedAt, link }) => ({
      name,
      kind,
      bytes,
      ...(mode !== undefined && { mode: (mode & 0o7777).toString(8) }),
      modified: new Date(modifiedAt).toISOString(),
      ...(link !== undefined && { link }),
    })),
    ...(entries.length > mostEntries && { left_out: entries.length - mostEntries }),
  };
};

export const readGuestFile: ToolHandler = async (work) => {
  const { view, snapshot } = await restorePointOf(work);
  const from = work.input['from_byte'];
  const at = typeof from === 'number' ? from : 0;
  const path = pathOf(work);
  const { bytes, content } = await reading(work, view, snapshot, (files, place) =>
    files.readFile(place, path, { at, most: mostBytes }),
  );
  return {
    ...pointOf(view, snapshot),
    bytes,
    from_byte: at,
    // A model reads no bytes.
    ...(content.includes(0) ? { is_text: false } : markUntrusted(content.toString('utf8'))),
    ...(bytes > at + content.length && { next_byte: at + content.length }),
  };
};

async function restorePointOf(work: ToolCall): Promise<{ readonly view: VmView; readonly snapshot?: Snapshot }> {
  const view = await requirePermittedVm(work, 'look');
  const name = work.input['snapshot'];
  return typeof name === 'string' ? { view, snapshot: await findSnapshotForAgent(work, view, name) } : { view };
}

function pathOf({ input }: ToolCall): string {
  return String(input['path'] ?? '/');
}

function pointOf({ vm }: VmView, snapshot: Snapshot | undefined): object {
  return { vm: vm.name, snapshot: snapshot?.name ?? 'present' };
}

async function reading<T>(
  { session: { engine }, tools, signal }: ToolCall,
  view: VmView,
  snapshot: Snapshot | undefined,
  read: (files: FileReader, place: FilesPlace) => Promise<T>,
): Promise<T> {
  const files = await tools.readers.files();
  const place = { engine, view, environment: process.env, signal, ...(snapshot !== undefined && { snapshot }) };
  return read(files, place);
}
