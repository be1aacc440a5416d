// Merges layers of a VM that is off on the files themselves. The VM is defined on the files that took them, or, where
// it stands further up, the images above are put on these files, and its configuration names the merged ones no more.
// Removes no file: what was above stays whole, so that whatever breaks off leaves the VM as it was.
import { VIR_DOMAIN_XML_INACTIVE, VIR_DOMAIN_XML_SECURE } from '../../libvirt/flags.js';
import { Failure } from '../../domain/failure.js';
import { toldChain } from '../../domain/vm.js';
import type { CommittedDisk, Step } from '../../steps/step.js';
import { refuse } from '../../domain/refusal.js';
import { diskStates } from './diskState.js';
import { readPower } from '../powerState.js';
import { parseDomainXml } from '../xml/domainXml.js';
import { onFiles, withoutLayersNamed } from '../xml/retarget.js';
import { requireOff } from './requireOff.js';
import type { StepContext } from './stepContext.js';

type CommitStep = Extract<Step, { kind: 'commitImages' }>;
type CommitContext = Pick<StepContext, 'connection' | 'dom' | 'vm' | 'files' | 'signal' | 'onProgress'>;

/**
 * A disk of which nothing is left to merge is only defined on its base. One whose images above stand on the base
 * already, and whose layers are told so, is passed over.
 *
 * Begun again, everything is copied again: the VM may have run in between, and what it wrote is above. Idempotent.
 * @throws Failure `refused`, or `stopped` after a merge, unless the VM is off throughout and names the files that it
 *   did; `busy` when somebody has one of the images open
 */
export async function commitImages(context: CommitContext, step: CommitStep): Promise<void> {
  const { connection, dom, files, signal, onProgress } = context;
  const { xml: configured } = await connection.call('domainGetXmlDesc', { dom, flags: VIR_DOMAIN_XML_INACTIVE });
  const before = diskStates(configured);
  const left: CommittedDisk[] = [];
  for (const disk of step.disks) {
    const file = before.get(disk.target)?.file;
    if (disk.above !== undefined) {
      if (file === undefined || file === disk.top || file === disk.base) {
        throw stalePlanFailure(context, 'refused');
      }
      const unmoved = await findUnmoved(context, disk, disk.above, 'refused');
      if (unmoved.length > 0 || names(configured, disk)) {
        left.push(disk);
      }
    } else if (file !== disk.base) {
      if (file !== disk.top) {
        throw stalePlanFailure(context, 'refused');
      }
      left.push(disk);
    }
  }
  if (left.length === 0) {
    return;
  }
  await requireOff(context, { action: 'consolidate' });
  for (const [index, disk] of left.entries()) {
    const { top, base, baseFormat, merged, above } = disk;
    if (merged.length === 0) {
      continue;
    }
    const speed = step.bytesPerSecond === undefined ? {} : { bytesPerSecond: step.bytesPerSecond };
    onProgress({ fraction: index / left.length, cancellable: true });
    await files.commit({ top, base, ...speed }, signal, (fraction) =>
      onProgress({ fraction: (index + fraction) / left.length, cancellable: true }),
    );
    // Nothing is copied, for the base holds by now what these stood on.
    for (const file of above === undefined ? [] : await findUnmoved(context, disk, above, 'stopped')) {
      await files.rebase({ file, backing: base, backingFormat: baseFormat });
    }
    if (above !== undefined && (await findUnmoved(context, disk, above, 'stopped')).length > 0) {
      throw stalePlanFailure(context, 'stopped');
    }
  }
  onProgress({ fraction: 1, cancellable: false });
  // The VM is as it was, its base is not: it holds what was merged.
  const kind = left.some(({ merged }) => merged.length > 0) ? 'stopped' : 'refused';
  await requireOff(context, { action: 'consolidate' }, kind);
  const flags = VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE;
  const { xml } = await connection.call('domainGetXmlDesc', { dom, flags });
  const states = diskStates(xml);
  const tops = left.filter(({ above }) => above === undefined);
  if (tops.some(({ target, top }) => states.get(target)?.file !== top)) {
    throw stalePlanFailure(context, kind);
  }
  const told = left.filter((disk) => disk.above !== undefined && names(xml, disk));
  if (tops.length === 0 && told.length === 0) {
    return;
  }
  const onBases = withoutLayersNamed(
    onFiles(
      xml,
      tops.map(({ target, base, baseFormat }) => ({ target, file: base, format: baseFormat })),
    ),
    told.map(({ target, top }) => ({ target, file: top })),
  );
  await connection.call('domainDefineXmlFlags', { xml: onBases, flags: 0 });
  const { power } = await readPower(connection, dom);
  if (power !== 'off') {
    // Somebody started it in just that moment, on the layers above, which have to stay what it stands on.
    await connection.call('domainDefineXmlFlags', { xml, flags: 0 });
    throw stalePlanFailure(context, kind);
  }
}

/** The VM's configuration tells what is merged as a layer of the disk: libvirt, after a snapshot of a running VM. */
function names(xml: string, { target, top }: CommittedDisk): boolean {
  return parseDomainXml(xml).disks.some((disk) => disk.target === target && toldChain(disk).includes(top));
}

/** Finds the images above the base that do not rest on it yet. */
async function findUnmoved(
  context: CommitContext,
  { top, base }: CommittedDisk,
  above: readonly string[],
  kind: StaleOutcome,
): Promise<readonly string[]> {
  const onTop: string[] = [];
  for (const path of above) {
    const image = await context.files.image(path, 'qcow2');
    const below = typeof image === 'object' ? image.backing?.file : undefined;
    if (below !== top && below !== base) {
      throw stalePlanFailure(context, kind);
    }
    onTop.push(...(below === top ? [path] : []));
  }
  return onTop;
}

type StaleOutcome = 'refused' | 'stopped';

function stalePlanFailure({ vm }: CommitContext, kind: StaleOutcome): Failure {
  return new Failure(kind, { vm: vm.name, refusal: refuse('stalePlan', { vm: vm.name }).refusal });
}
