// Merges layers of a VM that is off on the files themselves, and defines it on the files that took them. Removes no file:
// what was above stays whole, so that whatever breaks off leaves the VM as it was.
import { VIR_DOMAIN_XML_INACTIVE, VIR_DOMAIN_XML_SECURE } from '../../libvirt/flags.js';
import { Failure } from '../../domain/failure.js';
import type { Step } from '../../steps/step.js';
import { refuse } from '../../domain/refusal.js';
import { diskStates, readDiskState } from './diskState.js';
import { readPower } from '../powerState.js';
import { onFiles } from '../xml/retarget.js';
import type { StepContext } from './stepContext.js';

type CommitStep = Extract<Step, { kind: 'commitImages' }>;
type Committing = Pick<StepContext, 'connection' | 'dom' | 'vm' | 'files' | 'signal' | 'onProgress'>;

/**
 * A disk of which nothing is left to merge is only defined on its base.
 *
 * Begun again, everything is copied again: the VM may have run in between, and what it wrote is above. Idempotent.
 * @throws Failure `refused`, or `stopped` after a merge, unless the VM is off throughout and names the files that it did;
 * `busy` when somebody has one of the images open
 */
export async function commitImages(context: Committing, step: CommitStep): Promise<void> {
  const { connection, dom, files, signal, onProgress } = context;
  const left: CommitStep['disks'][number][] = [];
  for (const disk of step.disks) {
    const file = (await readDiskState(context, disk.target, 'configured'))?.file;
    if (file !== disk.base) {
      if (file !== disk.top) {
        throw changed(context, 'refused');
      }
      left.push(disk);
    }
  }
  if (left.length === 0) {
    return;
  }
  await requireOff(context, 'refused');
  for (const [index, { top, base, merged }] of left.entries()) {
    if (merged.length === 0) {
      continue;
    }
    const speed = step.bytesPerSecond === undefined ? {} : { bytesPerSecond: step.bytesPerSecond };
    onProgress({ fraction: index / left.length, cancellable: true });
    await files.commit({ top, base, ...speed }, signal, (fraction) =>
      onProgress({ fraction: (index + fraction) / left.length, cancellable: true }),
    );
  }
  onProgress({ fraction: 1, cancellable: false });
  // The VM is as it was, its base is not: it holds what was merged.
  const kind = left.some(({ merged }) => merged.length > 0) ? 'stopped' : 'refused';
  await requireOff(context, kind);
  const flags = VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE;
  const { xml } = await connection.call('domainGetXmlDesc', { dom, flags });
  const states = diskStates(xml);
  if (left.some(({ target, top }) => states.get(target)?.file !== top)) {
    throw changed(context, kind);
  }
  const onBases = onFiles(
    xml,
    left.map(({ target, base, baseFormat }) => ({ target, file: base, format: baseFormat })),
  );
  await connection.call('domainDefineXmlFlags', { xml: onBases, flags: 0 });
  const { power } = await readPower(connection, dom);
  if (power !== 'off') {
    // Somebody started it in just that moment, on the layers above, which have to stay what it stands on.
    await connection.call('domainDefineXmlFlags', { xml, flags: 0 });
    throw changed(context, kind);
  }
}

type Forbidden = 'refused' | 'stopped';

async function requireOff({ connection, dom, vm }: Committing, kind: Forbidden): Promise<void> {
  const { power } = await readPower(connection, dom);
  if (power !== 'off') {
    const { refusal } = refuse('wrongState', { vm: vm.name, state: power, action: 'consolidate' });
    throw new Failure(kind, { vm: vm.name, refusal });
  }
}

function changed({ vm }: Committing, kind: Forbidden): Failure {
  return new Failure(kind, { vm: vm.name, refusal: refuse('stalePlan', { vm: vm.name }).refusal });
}
