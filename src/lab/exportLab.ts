// What makes VMs again that are there: from the lab file that they were made of, or from the mark of a clone; and a lab
// file written of it, for one place. Changes nothing.
import { failureText } from '../text/failures/failureText.js';
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import { t } from '@vscode/l10n';
import type { Log } from '../base/log.js';
import { mapLimited } from '../base/mapLimited.js';
import { Failure, isOfWing } from '../domain/failure.js';
import { displayLine } from '../domain/plainText.js';
import type { StoredSystem } from '../domain/system.js';
import { sameVm } from '../domain/vm.js';
import type { EnginePort } from '../engine/enginePort.js';
import type { VmView } from '../live/views.js';
import { type LabRecord, LabStore, type RecordedVm } from '../journal/labStore.js';
import { failureMessage } from '../text/failures/failureMessage.js';
import type { Lab, MadeVm, WantedVm } from './labFile.js';
import { digestOf, checkParts, readLabText } from './labPlaces.js';
import { readLab } from './readLab.js';
import { type ExportedVm, writeLab } from './writeLab.js';

/** Each may be a look into files. */
const atOnce = 4;

interface ExportOptions {
  readonly engine: Pick<EnginePort, 'findVm' | 'readTree' | 'readLayers' | 'readHardware'>;
  /** The folder with the records of labs. */
  readonly folder: string;
  readonly log: Log;
  readonly environment: NodeJS.ProcessEnv;
}

/** What was made of a lab file, and what that says now; nothing where it is gone or wrong. */
interface KnownLab {
  readonly record: LabRecord;
  readonly lab?: Lab;
}

/**
 * @param file where it goes, absolute: its paths must be right from there on
 * @returns also what is wrong with it, where the VMs make no lab file, as when they are too many
 */
export async function exportLabFile(
  views: readonly VmView[],
  stored: StoredSystem | undefined,
  file: string,
  options: ExportOptions,
): Promise<{ readonly text: string; readonly problem?: string }> {
  const labs = await labsOf(views, options);
  const own = stored && labs.find(({ record }) => record.system === stored.system.id);
  const vms = await mapLimited(views, atOnce, (view) => exportVm(view, own, labs, file, options));
  const text = writeLab(vms, stored, own?.lab);
  const [problem] = readLab(text).problems;
  return { text, ...(problem !== undefined && { problem: problem.message }) };
}

async function labsOf(views: readonly VmView[], { folder, log }: ExportOptions): Promise<readonly KnownLab[]> {
  const records = (await new LabStore(folder, log).list()).filter(({ vms }) =>
    vms.some((one) => views.some(({ ref }) => sameVm(one, ref))),
  );
  return Promise.all(
    records.map(async (record) => {
      const lab = await labIn(record.file);
      return { record, ...(lab !== undefined && { lab }) };
    }),
  );
}

async function labIn(file: string): Promise<Lab | undefined> {
  try {
    return readLab(await readLabText(file)).lab;
  } catch (error) {
    if (isOfWing(error, 'lab')) {
      return undefined;
    }
    throw error;
  }
}

/** @param own the lab whose system is written: in it a VM is what its file says, also where another lab made that VM */
async function exportVm(
  view: VmView,
  own: KnownLab | undefined,
  labs: readonly KnownLab[],
  file: string,
  options: ExportOptions,
): Promise<ExportedVm> {
  const { ref, vm, layers } = view;
  const rowIn = (lab: KnownLab): RecordedVm | undefined => lab.record.vms.find((one) => sameVm(one, ref));
  const home = own !== undefined && rowIn(own) ? own : labs.find((lab) => rowIn(lab)?.parts !== undefined);
  const row = home && rowIn(home);
  const wanted = home?.lab?.vms.find(({ key }) => key === row?.key);
  const known: ExportedVm = {
    vm,
    ...(layers !== undefined && { layers }),
    ...(row !== undefined && { key: row.key }),
    ...(wanted?.wait !== undefined && { wait: wanted.wait }),
    ...(wanted?.speed !== undefined && { speed: wanted.speed }),
    after: (wanted?.after ?? []).flatMap((key) => home?.record.vms.find((one) => one.key === key)?.uuid ?? []),
  };
  if (home !== undefined && row?.parts !== undefined && row.folder !== '') {
    return requireReadable({ ...known, ...(await describeMade(wanted, row, home.record.file, file, options)) });
  }
  // A clone that its lab file names as a VM that is there stays so.
  return vm.clone === undefined || (row !== undefined && row.parts === undefined)
    ? known
    : requireReadable({ ...known, ...(await describeClone(view, options)) });
}

type ExportSource = Pick<ExportedVm, 'source' | 'why'>;

/** As the file says, where that makes the very same from the new place: what was made of it is known by its digest. */
async function describeMade(
  wanted: WantedVm | undefined,
  { key, parts }: RecordedVm,
  from: string,
  file: string,
  { environment }: ExportOptions,
): Promise<ExportSource> {
  if (wanted?.source.kind !== 'made') {
    return { why: t('Its lab file {0} no longer exists or no longer describes it.', displayLine(from)) };
  }
  const { kind, ...made } = wanted.source;
  if (typeof made.network === 'object' && made.network.filter !== undefined) {
    return { why: t('It is in the network of its lab.') };
  }
  const moved = movedTo(file, made, from);
  try {
    const found = await checkParts(moved, file, environment);
    return digestOf(found.parts) === parts
      ? { source: { kind, ...moved } }
      : { why: t('“{0}” was created in another way than the file says now.', displayLine(key)) };
  } catch (error) {
    if (isOfWing(error, 'lab')) {
      return { why: failureText(error).sentence };
    }
    throw error;
  }
}

function movedTo(file: string, made: MadeVm, from: string): MadeVm {
  const { image, boot } = made;
  const movePath = (path: string): string => pathFrom(dirname(file), path, dirname(from));
  return {
    ...made,
    ...(image !== undefined && { image: { ...image, path: movePath(image.path) } }),
    ...(boot !== undefined && {
      boot: {
        ...boot,
        kernel: movePath(boot.kernel),
        ...(boot.initrd !== undefined && { initrd: movePath(boot.initrd) }),
      },
    }),
  };
}

/** A path in a lab file does not go up. */
function pathFrom(folder: string, path: string, from: string): string {
  if (isAbsolute(path) || folder === from) {
    return path;
  }
  const whole = resolve(from, path);
  const way = relative(folder, whole);
  return way === '' || way.startsWith('..') || isAbsolute(way) ? whole : way;
}

/** Describes a clone by its mark, which anybody can change, and by its current configuration. */
async function describeClone({ ref, vm: { clone } }: VmView, { engine }: ExportOptions): Promise<ExportSource> {
  const of = clone && engine.findVm({ connection: ref.connection, uuid: clone.of });
  const nothing = { why: t('It is a clone, and the snapshot to create it from does not exist.') };
  if (clone?.snapshot === undefined || of === undefined || of.ref.uuid === ref.uuid) {
    return nothing;
  }
  try {
    const { snapshots } = await engine.readTree(of.ref);
    const snapshot = snapshots.find(({ name }) => name === clone.snapshot);
    if (snapshot === undefined) {
      return nothing;
    }
    const { name, title } = snapshot;
    const alike = snapshots.filter((one) => one.title === title || one.name === title);
    const [{ disks }, { items }] = await Promise.all([engine.readLayers(ref), engine.readHardware(ref)]);
    const copied = disks.filter(({ layers }) => layers.some((layer) => clone.files.includes(layer.file)));
    const isFull = copied.every(({ layers, whole }) => whole && clone.files.includes(layers.at(-1)?.file ?? ''));
    const isPlugged = items.some(({ part, whole }) => part === 'network' && !whole.includes('<link state="down"/>'));
    return {
      source: {
        kind: 'clone',
        of: of.vm.name,
        point: alike.length === 1 ? title : name,
        way: isFull && copied.length > 0 ? 'full' : 'linked',
        network: isPlugged ? 'same' : 'unplugged',
      },
    };
  } catch (error) {
    if (error instanceof Failure) {
      return { why: failureMessage(error) };
    }
    throw error;
  }
}

/** Named only, where a lab file does not take what it is made of, as a path with a line end in it. */
function requireReadable(one: ExportedVm): ExportedVm {
  const { source, ...named } = one;
  const [problem] = source === undefined ? [] : readLab(writeLab([{ vm: one.vm, source }])).problems;
  return problem === undefined ? one : { ...named, why: problem.message };
}
