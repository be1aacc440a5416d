// The layers below a VM's disks, as libvirt is told of them: none, or all. libvirt's helper for AppArmor looks into the
// images only below a disk of which nothing is told, and QEMU may open no file that was neither told nor found there
// (virt-aa-helper.c, get_files). A snapshot tells libvirt of one layer, whatever that stands on.
import {
  VIR_DOMAIN_SAVE_IMAGE_XML_SECURE,
  VIR_DOMAIN_XML_INACTIVE,
  VIR_DOMAIN_XML_SECURE,
} from '../../libvirt/flags.js';
import { toldChain, type VmDisk } from '../../domain/vm.js';
import type { Step, TargetFile } from '../../steps/step.js';
import { readDisks } from '../xml/diskXml.js';
import { withoutLayersNamed } from '../xml/retarget.js';
import { parseXml } from '../xml/xmlTree.js';
import { lookAt } from './openImages.js';
import type { StepContext } from './stepContext.js';

type ChainContext = Pick<StepContext, 'connection' | 'dom' | 'files' | 'log'>;
interface Layer {
  readonly file?: string | undefined;
  readonly format?: string;
}
type Read = (flags: number) => Promise<{ readonly xml: string }>;

/** Others may have left them open: a VM that they put on an overlay had a snapshot by virsh. */
export function closesBefore(step: Step): boolean {
  return step.kind === 'startPaused' || (step.kind === 'power' && step.action === 'start');
}

/** A later start, by a person or by the host itself, asks nobody here. */
export function closesAfter(step: Step, { persistent }: StepContext['vm']): boolean {
  const opens = step.kind === 'createSnapshot' ? step.style === 'external' : step.kind === 'adoptSnapshot';
  return persistent && (opens || step.kind === 'revert');
}

/** Never rejects: whether it is needed, only the host's rules know. Idempotent. */
export async function closeChains(context: ChainContext): Promise<void> {
  const { connection, dom, log } = context;
  try {
    const read: Read = (flags) => connection.call('domainGetXmlDesc', { dom, flags: flags | VIR_DOMAIN_XML_INACTIVE });
    await close(context, read, VIR_DOMAIN_XML_SECURE, (xml) =>
      connection.call('domainDefineXmlFlags', { xml, flags: 0 }),
    );
    if ((await connection.call('domainHasManagedSaveImage', { dom, flags: 0 })).result !== 0) {
      await close(
        context,
        (flags) => connection.call('domainManagedSaveGetXmlDesc', { dom, flags }),
        VIR_DOMAIN_SAVE_IMAGE_XML_SECURE,
        (dxml) => connection.call('domainManagedSaveDefineXml', { dom, dxml, flags: 0 }),
      );
    }
  } catch (error) {
    log.warn(`${dom.name} may be told of a part of its layers: ${String(error)}`);
  }
}

async function close(
  { files }: ChainContext,
  read: Read,
  secure: number,
  write: (xml: string) => Promise<unknown>,
): Promise<void> {
  const told: TargetFile[] = [];
  for (const disk of readDisks(parseXml((await read(0)).xml))) {
    if (await isOpen(disk, files)) {
      told.push(...toldChain(disk).map((file) => ({ target: disk.target, file })));
    }
  }
  if (told.length > 0) {
    await write(withoutLayersNamed((await read(secure)).xml, told));
  }
}

/**
 * | the layers told of the disk                                   | → |
 * |---------------------------------------------------------------|---|
 * | none, or to the end                                           | no |
 * | are more than files: unlocked, a part, not known here         | no: the images cannot tell it |
 * | are not those that the images name                            | no: somebody said so |
 * | the last one stands on nothing, or is not seen                | no |
 * | the last one stands on another                                | yes |
 */
async function isOpen(disk: VmDisk, files: ChainContext['files']): Promise<boolean> {
  const { source, format, layers, backing, encrypted, sliced, foreign } = disk;
  if (layers === undefined || (backing ?? encrypted ?? sliced ?? foreign) !== undefined) {
    return false;
  }
  let below: Layer | undefined = { file: source, format };
  for (const told of [below, ...layers]) {
    if (told.file === undefined || told.file !== below?.file || told.format !== below.format) {
      return false;
    }
    const image = await lookAt(told.file, told.format, files);
    below = typeof image === 'object' ? image.backing : undefined;
  }
  return below !== undefined;
}
