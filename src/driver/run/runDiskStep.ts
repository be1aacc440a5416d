// A disk of a VM grows: by QEMU where it is on, else on the image.
import { Failure } from '../../domain/failure.js';
import { refuse } from '../../domain/refusal.js';
import { isActive } from '../../domain/vm.js';
import { VIR_DOMAIN_BLOCK_RESIZE_BYTES } from '../../libvirt/flags.js';
import type { StepOf } from '../../steps/stepDefinition.js';
import { readPower } from '../powerState.js';
import { readDiskState } from './diskState.js';
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
    throw new Failure('refused', { vm: vm.name, path: file, refusal: refuse('stalePlan', { vm: vm.name }).refusal });
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
