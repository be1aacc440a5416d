// The calls by which libvirt opens images that a VM does not have open: just before, what these lead to is judged, for
// libvirt follows the names in their headers, and a plan that looked at them may be old.
import { posix } from 'node:path';
import { VIR_DOMAIN_START_AUTODESTROY, VIR_DOMAIN_START_PAUSED, VIR_DOMAIN_XML_INACTIVE } from '../../libvirt/flags.js';
import type { ArgsOf, ResultOf } from '../../libvirt/procedures.js';
import { errorCodes, undefinedOnCode } from '../../libvirt/libvirtError.js';
import { Failure } from '../../domain/failure.js';
import type { ImageFacts, Observation } from '../../domain/hostFiles.js';
import { mostLayers, unjudgedImage } from '../../domain/unjudgedImage.js';
import { isActive, type Vm, type VmDisk } from '../../domain/vm.js';
import { besideFirstStart } from '../toFailure.js';
import { readPower } from '../powerState.js';
import { readDisks } from '../xml/diskXml.js';
import { find, parseXml } from '../xml/xmlTree.js';
import type { StepContext } from './stepContext.js';

type OpenContext = Pick<StepContext, 'connection' | 'dom' | 'files'> & { readonly vm?: Pick<Vm, 'disks'> };

const startFlags = { running: 0, paused: VIR_DOMAIN_START_PAUSED, autodestroy: VIR_DOMAIN_START_AUTODESTROY } as const;

/** With the RAM of a managed save if there is one. @throws Failure `refused` (`unjudgedImage`) */
export async function startVm(context: OpenContext, to: keyof typeof startFlags): Promise<void> {
  const { connection, dom } = context;
  await judgeConfigured(context);
  await besideFirstStart(() => connection.call('domainCreateWithFlags', { dom, flags: startFlags[to] }));
}

/** @param dxml what it starts as; `from` has the same where it is not given to libvirt */
export async function restoreVm(
  context: OpenContext,
  { from, dxml, flags, isInside = false }: RestoreWish,
): Promise<void> {
  await judge(context, dxml);
  const wish = { from, dxml: isInside ? undefined : dxml, flags };
  const restore = (): Promise<unknown> => context.connection.call('domainRestoreFlags', wish);
  // What comes through a pipe comes once: who fills it tries again.
  await (isInside ? restore() : besideFirstStart(restore));
}

interface RestoreWish {
  readonly from: string;
  readonly dxml: string;
  readonly flags: number;
  readonly isInside?: boolean;
}

export async function revertVm(context: OpenContext, snapshot: string, flags: number): Promise<void> {
  const { connection, dom } = context;
  const snap = { name: snapshot, dom };
  const { xml } = await connection.call('domainSnapshotGetXmlDesc', { snap, flags: 0 });
  await judge(context, Buffer.from(xml).toString('utf8'));
  await besideFirstStart(() => connection.call('domainRevertToSnapshot', { snap, flags }));
}

/** For a move of a VM that runs: the QEMU that waits for it opens its images. @param xml as the other host says it */
export async function prepareMigration(
  { connection, files }: Pick<OpenContext, 'connection' | 'files'>,
  xml: string,
  asked: ArgsOf<'domainMigratePrepare3Params'>,
): Promise<ResultOf<'domainMigratePrepare3Params'>> {
  await judge({ files }, xml);
  return connection.call('domainMigratePrepare3Params', asked);
}

/** For what libvirt does to the images of a VM that is off. */
export async function judgeWhileOff(context: OpenContext): Promise<void> {
  const { power } = await readPower(context.connection, context.dom);
  if (!isActive(power)) {
    await judgeConfigured(context);
  }
}

async function judgeConfigured(context: OpenContext): Promise<void> {
  const { connection, dom } = context;
  const { xml } = await connection.call('domainGetXmlDesc', { dom, flags: VIR_DOMAIN_XML_INACTIVE });
  await judge(context, xml);
  const noSupport = errorCodes.VIR_ERR_NO_SUPPORT;
  const has = await undefinedOnCode(noSupport, connection.call('domainHasManagedSaveImage', { dom, flags: 0 }));
  if (has !== undefined && has.result !== 0) {
    const saved = await undefinedOnCode(noSupport, connection.call('domainManagedSaveGetXmlDesc', { dom, flags: 0 }));
    await (saved === undefined ? undefined : judge(context, saved.xml));
  }
}

/** @param xml of a VM or of a snapshot */
export async function judge({ files, vm }: Pick<OpenContext, 'files' | 'vm'>, xml: string): Promise<void> {
  const root = parseXml(xml);
  const told = root.name === 'domain' ? [root] : [find(root, 'domain'), find(root, 'inactiveDomain')];
  for (const disk of told.flatMap(readDisks)) {
    // Only a look at its pool tells where a volume is.
    const { source = disk.volume && vm?.disks.find(({ target }) => target === disk.target)?.source } = disk;
    // An image in a part of a file has its header elsewhere, where only its definition says.
    if (source !== undefined && disk.sliced !== true) {
      await judgeDisk(source, disk, files);
    }
  }
}

/**
 * | a layer, as the VM's XML or the header above says         | → |
 * |-----------------------------------------------------------|---|
 * | a pipe, a folder, a socket                                | refused: libvirt would wait for it |
 * | raw, and the XML tells nothing below it                   | ends |
 * | gone, or nobody here can see it                           | ends: libvirt says so, or nobody can judge it |
 * | its header cannot be read                                 | refused |
 * | its data stand in another file, not a plain one beside it | refused |
 * | rests on what the XML tells                               | goes on there, whatever the header says |
 * | names what it rests on otherwise than by a path           | refused |
 * | … without its format                                      | ends where that rests on nothing; libvirt looks what it is |
 * | … as another format than raw or qcow2                     | refused |
 */
async function judgeDisk(source: string, disk: VmDisk, files: OpenContext['files']): Promise<void> {
  let layer: { readonly file: string; readonly format?: string } = { file: source, format: disk.format };
  for (let depth = 0; depth < mostLayers; depth++) {
    const told = disk.layers?.[depth];
    const image = await lookAt(layer.file, layer.format, files);
    const facts = typeof image === 'object' ? image : undefined;
    if (facts?.corrupt === true && facts.virtualBytes === 0) {
      // QEMU may read more of its header than we do.
      throw unjudgedImage(layer.file, 'format');
    }
    if (facts?.dataFile === true && disk.dataFile !== true && !(await isDataBeside(layer.file, facts, files))) {
      throw unjudgedImage(layer.file, 'dataFile');
    }
    if (told !== undefined) {
      if (told.file === undefined) {
        return;
      }
      layer = { file: told.file, ...(told.format !== undefined && { format: told.format }) };
      continue;
    }
    const { backing } = facts ?? {};
    if (disk.backing !== undefined || backing === undefined) {
      return;
    }
    if (layer.format === undefined) {
      throw unjudgedImage(layer.file, 'noFormat', backing.file);
    }
    if (backing.part === true || backing.options === true || /[\0\uFFFD]/u.test(backing.file)) {
      throw unjudgedImage(layer.file, 'name', backing.file);
    }
    if (backing.format !== undefined && backing.format !== 'raw' && backing.format !== 'qcow2') {
      throw unjudgedImage(backing.file, 'format');
    }
    layer = { file: backing.file, ...(backing.format !== undefined && { format: backing.format }) };
  }
  throw unjudgedImage(source, 'loop');
}

/** Where there is no way to the host's files, libvirt alone knows them. */
export async function lookAt(
  file: string,
  format: string | undefined,
  files: OpenContext['files'],
): Promise<Observation<ImageFacts>> {
  try {
    return await files.image(file, format, 'head');
  } catch (error) {
    if (error instanceof Failure && (error.kind === 'unsupported' || error.kind === 'denied')) {
      return 'unknown';
    }
    throw error;
  }
}

async function isDataBeside(image: string, { dataPath }: ImageFacts, files: OpenContext['files']): Promise<boolean> {
  return (
    dataPath !== undefined &&
    posix.dirname(dataPath) === posix.dirname(image) &&
    (await files.identity(dataPath)) !== undefined
  );
}
