// A disk of a VM grows, comes or goes.
import { Failure } from '../../domain/failure.js';
import { refuse } from '../../domain/refusal.js';
import { isActive } from '../../domain/vm.js';
import {
  VIR_DOMAIN_AFFECT_CONFIG,
  VIR_DOMAIN_AFFECT_LIVE,
  VIR_DOMAIN_BLOCK_RESIZE_BYTES,
  VIR_DOMAIN_XML_INACTIVE,
  VIR_DOMAIN_XML_SECURE,
} from '../../libvirt/flags.js';
import type { StepOf } from '../../steps/stepDefinition.js';
import { readPower } from '../powerState.js';
import { diskOf, writeDisk } from '../xml/retarget.js';
import { readDiskState } from './diskState.js';
import { requireOff } from './requireOff.js';
import type { StepContext } from './stepContext.js';

/**
 * Idempotent: a disk that has this size keeps it.
 * @throws Failure `refused` where the VM is on or off, the disk on another file or of another size than when it was
 *   decided
 */
export async function growDisk(context: StepContext, step: StepOf<'growDisk'>): Promise<void> {
  const { connection, dom, vm, files } = context;
  const { target, file, format, from, bytes, by } = step;
  const isOn = isActive((await readPower(connection, dom)).power);
  const now = await readDiskState(context, target, isOn ? 'running' : 'configured');
  const image = await files.image(file, format, 'head');
  const has = typeof image === 'object' ? image.virtualBytes : undefined;
  if (now?.file !== file || isOn !== (by === 'qemu') || (has !== from && has !== bytes)) {
    throw stale(context, file);
  }
  if (has === bytes) {
    return;
  }
  if (isOn) {
    const flags = VIR_DOMAIN_BLOCK_RESIZE_BYTES;
    await connection.call('domainBlockResize', { dom, disk: target, size: bytes, flags });
  } else {
    await files.resize(file, format, bytes);
  }
  const after = await files.image(file, format, 'head');
  if (typeof after !== 'object' || after.virtualBytes !== bytes) {
    const libvirtMessage = typeof after === 'object' ? 'the disk has another size' : 'its size cannot be read';
    throw new Failure('failed', { vm: vm.name, path: file, libvirtMessage });
  }
}

/**
 * In what runs and in what starts next: libvirt does both or none. Idempotent: what has the disk keeps it, also where
 * libvirt was still at an earlier call of this.
 * @throws Failure `refused` where another disk has the name, `exists` where another file has that of the image
 */
export async function addDisk(context: StepContext, step: StepOf<'addDisk'>): Promise<void> {
  const { connection, dom, files } = context;
  const { file, bytes, device, from, trashed, isMade } = step;
  const lacks = await lacksDisk(context, step);
  if (lacks.flags === 0) {
    return;
  }
  if (lacks.all && from === 'new' && isMade !== true && 'like' in device) {
    await files.createOverlay({ file, bytes, like: device.like }, context.onMade);
  } else if (lacks.all && trashed !== undefined) {
    await files.trash(file, trashed);
  }
  try {
    await connection.call('domainAttachDeviceFlags', { dom, xml: writeDisk(step, device), flags: lacks.flags });
  } catch (error) {
    // Where this cannot be read, nobody knows whether the VM has it: the file stays.
    const then = await lacksDisk(context, step).catch(() => undefined);
    if (then?.flags === 0) {
      return;
    }
    if (then?.all === true && from === 'new') {
      await files.remove(file);
    } else if (then?.all === true && trashed !== undefined) {
      await files.trash(file);
    }
    throw error;
  }
}

/** Where the VM has the disk not yet. */
async function lacksDisk(
  context: StepContext,
  { target, file }: StepOf<'addDisk'>,
): Promise<{ readonly flags: number; readonly all: boolean }> {
  const { connection, dom, vm } = context;
  const places = [
    ...(isActive((await readPower(connection, dom)).power) ? [['running', VIR_DOMAIN_AFFECT_LIVE] as const] : []),
    ...(vm.persistent ? [['configured', VIR_DOMAIN_AFFECT_CONFIG] as const] : []),
  ];
  const lacking: number[] = [];
  for (const [of, flag] of places) {
    const there = await readDiskState(context, target, of);
    if (there !== undefined && there.file !== file) {
      throw stale(context, file);
    }
    lacking.push(...(there === undefined ? [flag] : []));
  }
  return { flags: lacking.reduce((sum, flag) => sum + flag, 0), all: lacking.length === places.length };
}

/**
 * Idempotent: one that is gone is as good as taken out.
 * @throws Failure `refused` unless the VM is off, or where the disk is another file; `stopped` where it was started
 *   meanwhile
 */
export async function removeDisk(context: StepContext, { target, file }: StepOf<'removeDisk'>): Promise<void> {
  const { connection, dom } = context;
  await requireOff(context, { file });
  const flags = VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE;
  const xml = diskOf((await connection.call('domainGetXmlDesc', { dom, flags })).xml, target);
  if (xml === undefined) {
    return;
  }
  if ((await readDiskState(context, target, 'configured'))?.file !== file) {
    throw stale(context, file);
  }
  await connection.call('domainDetachDeviceFlags', { dom, xml, flags: VIR_DOMAIN_AFFECT_CONFIG });
  await requireOff(context, { file }, 'stopped');
}

function stale({ vm }: StepContext, path: string): Failure {
  return new Failure('refused', { vm: vm.name, path, refusal: refuse('stalePlan', { vm: vm.name }).refusal });
}
