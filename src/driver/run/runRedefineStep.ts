// Changes what libvirt knows of a snapshot, or the configuration that a VM starts with. No image and no memory file is
// touched by any of these, and nothing is started.
import {
  VIR_DOMAIN_SNAPSHOT_CREATE_CURRENT,
  VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE,
  VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY,
  VIR_DOMAIN_SNAPSHOT_XML_SECURE,
  VIR_DOMAIN_XML_INACTIVE,
  VIR_DOMAIN_XML_SECURE,
} from '../../libvirt/flags.js';
import { errorCodes, undefinedOnCode } from '../../libvirt/libvirtError.js';
import { Failure } from '../../domain/failure.js';
import type { Step, StepOfKind } from '../../steps/step.js';
import type { Snapshot } from '../../domain/snapshot.js';
import {
  onFrozenFiles,
  redescribe,
  renameSnapshot,
  withBackingChains,
  withFilesMoved,
  withoutDeleteMarks,
  withoutRam,
  withOverlays,
  withParent,
} from '../xml/snapshotChange.js';
import { onFiles, withNamesOfNow, writeDefinition } from '../xml/retarget.js';
import { parseSnapshotHead } from '../xml/snapshotXml.js';
import { requireOff } from './requireOff.js';
import type { StepContext } from './stepContext.js';
import { refuse } from '../../domain/refusal.js';
import { diskStates } from './diskState.js';
import { readPower } from '../powerState.js';
import { readSavedDisks } from '../savedDisks.js';

type RedefineContext = Pick<StepContext, 'connection' | 'dom'>;

const noSnapshot = errorCodes.VIR_ERR_NO_DOMAIN_SNAPSHOT;

/** Idempotent: the same text is written again. */
export async function describeSnapshot(context: RedefineContext, step: StepOfKind<'describeSnapshot'>): Promise<void> {
  await redefine(context, redescribe(await readSecure(context, step.snapshot), step.description));
}

/**
 * The only one with CREATE_CURRENT. With it libvirt 9.9 and newer forgets `<revertDisks>`, whereupon the next revert
 * removes a file in use: it is for where nothing is current, or where the plan gives the VM overlays that no snapshot
 * has. Idempotent: the same is written again.
 */
export async function makeCurrent(context: RedefineContext, step: StepOfKind<'makeCurrent'>): Promise<void> {
  const secureXml = await readSecure(context, step.snapshot);
  const xml = step.disks === undefined ? secureXml : withOverlays(secureXml, step.disks);
  await redefine(context, xml, VIR_DOMAIN_SNAPSHOT_CREATE_CURRENT);
}

/**
 * Idempotent: a snapshot that has the name already is taken for the one that was to be made when it is of the same
 * moment and files, and gets the description; any other is in the way.
 */
export async function redefineAs(context: RedefineContext, step: StepOfKind<'redefineAs'>): Promise<void> {
  const secureXml = await readSecure(context, step.snapshot);
  const made = renameSnapshot(step.keeps === 'disks' ? withoutRam(secureXml) : secureXml, step.name, step.description);
  const taken = await undefinedOnCode(noSnapshot, readSecure(context, step.name));
  if (taken !== undefined && !sameMoment(headOf(taken), headOf(made))) {
    throw new Failure('exists', { vm: context.dom.name, snapshot: step.name });
  }
  await redefine(context, made);
}

/** Idempotent: nothing is sent where the parent is that one already. */
export async function reparent(context: RedefineContext, step: StepOfKind<'reparent'>): Promise<void> {
  const secureXml = await readSecure(context, step.snapshot);
  if (headOf(secureXml).parent !== step.parent) {
    await redefine(context, withParent(secureXml, step.parent));
  }
}

/** Idempotent: the same is written again. */
export async function redefineFrozenDisks(
  context: RedefineContext,
  step: StepOfKind<'nameFrozenFiles'>,
): Promise<void> {
  await redefine(context, onFrozenFiles(await readSecure(context, step.snapshot), step.disks));
}

/**
 * Idempotent: the same is written again.
 * @throws Failure `refused` unless the VM is off: what runs has files open that it would not be told to rest on
 */
export async function nameMovedFiles(
  context: Pick<StepContext, 'connection' | 'dom' | 'vm'>,
  step: StepOfKind<'nameMovedFiles'>,
): Promise<void> {
  const { connection, dom } = context;
  await requireOff(context, { file: step.files[0]?.to ?? '' });
  if (step.snapshot !== undefined) {
    await redefine(context, withFilesMoved(await readSecure(context, step.snapshot), step.files));
    return;
  }
  const flags = VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE;
  const { xml } = await connection.call('domainGetXmlDesc', { dom, flags });
  await connection.call('domainDefineXmlFlags', { xml: withNamesOfNow(xml, step.files), flags: 0 });
}

/** Idempotent: what is told already stays, and nothing is sent where all is. */
export async function redefineBackingChain(context: RedefineContext, step: StepOfKind<'tellLayers'>): Promise<void> {
  const xml = withBackingChains(await readSecure(context, step.snapshot), step.disks);
  if (xml !== undefined) {
    await redefine(context, xml);
  }
}

/** Idempotent: nothing is sent where there are no marks. */
export async function clearUnfinishedDelete(
  context: RedefineContext,
  step: StepOfKind<'clearUnfinishedDelete'>,
): Promise<void> {
  const xml = withoutDeleteMarks(await readSecure(context, step.snapshot));
  if (xml !== undefined) {
    await redefine(context, xml);
  }
}

/**
 * Its children become its parent's, and its parent the current one where it was that. Idempotent: one that is not there
 * is as good as forgotten.
 */
export async function forgetSnapshot(
  { connection, dom }: RedefineContext,
  step: StepOfKind<'forgetSnapshot'>,
): Promise<void> {
  const snap = { name: step.snapshot, dom };
  const flags = VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY;
  await undefinedOnCode(noSnapshot, connection.call('domainSnapshotDelete', { snap, flags }));
}

/** With passwords: a redefinition would lose what is missing. */
export async function readSecure(
  { connection, dom }: RedefineContext,
  name: string,
  flags: number = VIR_DOMAIN_SNAPSHOT_XML_SECURE,
): Promise<string> {
  const { xml } = await connection.call('domainSnapshotGetXmlDesc', { snap: { name, dom }, flags });
  return Buffer.from(xml).toString('utf8');
}

/** The current snapshot stays current without a flag. */
async function redefine({ connection, dom }: RedefineContext, xmlDesc: string, more = 0): Promise<void> {
  const flags = VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE | more;
  await connection.call('domainSnapshotCreateXml', { dom, xmlDesc, flags });
}

function headOf(xml: string): Snapshot {
  return parseSnapshotHead(Buffer.from(xml));
}

function sameMoment(one: Snapshot, other: Snapshot): boolean {
  const essence = ({ createdAt, state, memory, disks }: Snapshot): string =>
    JSON.stringify([createdAt, state, memory, disks]);
  return essence(one) === essence(other);
}

/**
 * Idempotent: the same is defined again.
 * @throws Failure `refused` unless the VM is off: what runs would go on with its old files and lose their names.
 */
export async function defineFromSnapshot(
  context: StepContext,
  step: Extract<Step, { kind: 'defineFromSnapshot' }>,
): Promise<void> {
  const { connection, vm } = context;
  const xml = writeDefinition(await readSecure(context, step.snapshot), vm, step.disks);
  await requireOff(context, { action: 'revert' });
  await connection.call('domainDefineXmlFlags', { xml, flags: 0 });
}

/**
 * Idempotent: the same is defined again.
 * @throws Failure `refused` where the VM runs on another of these files by now, or is off without a managed save made
 *   on them
 */
export async function configureDisks(
  { connection, dom, vm }: StepContext,
  { disks }: Extract<Step, { kind: 'configureDisks' }>,
): Promise<void> {
  const flags = VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE;
  const { xml } = await connection.call('domainGetXmlDesc', { dom, flags });
  const { power } = await readPower(connection, dom);
  const files = await (power === 'off' ? savedFiles : runningFiles)({ connection, dom });
  if (disks.some(({ target, file }) => files.get(target) !== file)) {
    throw new Failure('refused', { vm: vm.name, refusal: refuse('stalePlan', { vm: vm.name }).refusal });
  }
  await connection.call('domainDefineXmlFlags', { xml: onFiles(xml, disks), flags: 0 });
}

type OfVm = Pick<StepContext, 'connection' | 'dom'>;
type FileOf = ReadonlyMap<string, string | undefined>;

async function runningFiles({ connection, dom }: OfVm): Promise<FileOf> {
  const { xml } = await connection.call('domainGetXmlDesc', { dom, flags: 0 });
  return new Map([...diskStates(xml)].map(([target, { file }]) => [target, file]));
}

/** None without a managed save, or where it cannot be read. */
async function savedFiles({ connection, dom }: OfVm): Promise<FileOf> {
  const disks = (await readSavedDisks(connection, dom)) ?? [];
  return new Map(disks.map(({ target, file }) => [target, file]));
}

/**
 * What runs goes on, its snapshots stay, and the files that it has now are those that it starts with. Idempotent:
 * nothing is sent for a VM that is persistent already.
 */
export async function makePersistent({ connection, dom }: StepContext): Promise<void> {
  const { persistent } = await connection.call('domainIsPersistent', { dom });
  if (persistent === 0) {
    const { xml } = await connection.call('domainGetXmlDesc', {
      dom,
      flags: VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE,
    });
    await connection.call('domainDefineXmlFlags', { xml, flags: 0 });
  }
}
