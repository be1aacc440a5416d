// Tells libvirt of a snapshot that is there already: an external one that it took and did not write down before it
// died, so that the VM stands on its overlays, or one inside the images. No image is touched.
import {
  VIR_DOMAIN_SNAPSHOT_CREATE_CURRENT,
  VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE,
  VIR_DOMAIN_XML_INACTIVE,
  VIR_DOMAIN_XML_MIGRATABLE,
  VIR_DOMAIN_XML_SECURE,
} from '../../libvirt/flags.js';
import { errorCodes, undefinedOnCode } from '../../libvirt/libvirtError.js';
import { Failure } from '../../domain/failure.js';
import type { Step } from '../../steps/step.js';
import { refuse } from '../../domain/refusal.js';
import { isActive } from '../../domain/vm.js';
import { writeAdoptedXml } from '../xml/adoptedXml.js';
import { readDisks } from '../xml/diskXml.js';
import { readPower } from '../powerState.js';
import { redirectDisks } from '../xml/retarget.js';
import { readSecure } from './runRedefineStep.js';
import type { StepContext } from './stepContext.js';
import { parseXml, writeXml } from '../xml/xmlTree.js';

/**
 * The persistent configuration may name the frozen files still: it gets the overlays too, or else the next start would
 * write into what the snapshot froze. The mark of the current one goes to the new snapshot, as libvirt itself would
 * have given it. Idempotent: a snapshot of that name is taken for this one.
 * @throws Failure `refused` when the VM stands on other files by now
 */
export async function adoptSnapshot(
  context: StepContext,
  step: Extract<Step, { kind: 'adoptSnapshot' }>,
): Promise<void> {
  const { connection, dom, vm } = context;
  const overlays = step.made.disks.flatMap(({ target, file }) => (file === undefined ? [] : [{ target, file }]));
  const read = (flags: number): Promise<{ readonly xml: string }> =>
    connection.call('domainGetXmlDesc', { dom, flags: flags | VIR_DOMAIN_XML_SECURE });
  const { power } = await readPower(connection, dom);
  // As it was asked for, not as QEMU has worked it out: libvirt compares the CPU with that of the RAM before a revert.
  const { xml: present } = await read(isActive(power) ? VIR_DOMAIN_XML_MIGRATABLE : 0);
  const configured = isActive(power) && vm.persistent ? (await read(VIR_DOMAIN_XML_INACTIVE)).xml : undefined;
  const standing = readDisks(parseXml(present));
  if (!overlays.every(({ target, file }) => standing.some((disk) => disk.target === target && disk.source === file))) {
    throw new Failure('refused', { vm: vm.name, refusal: refuse('stalePlan', { vm: vm.name }).refusal });
  }
  if (configured !== undefined) {
    const own = readDisks(parseXml(configured));
    const behind = overlays.filter(({ target, file }) =>
      own.some((disk) => disk.target === target && disk.source !== file),
    );
    if (behind.length > 0) {
      const xml = writeXml(
        redirectDisks(
          parseXml(configured),
          behind.map((disk) => ({ ...disk, format: 'qcow2' })),
        ),
      );
      await connection.call('domainDefineXmlFlags', { xml, flags: 0 });
    }
  }
  const known = await undefinedOnCode(errorCodes.VIR_ERR_NO_DOMAIN_SNAPSHOT, readSecure(context, step.made.name));
  if (known === undefined) {
    const xmlDesc = writeAdoptedXml(step, present, configured);
    const current = step.keepsCurrent === true ? 0 : VIR_DOMAIN_SNAPSHOT_CREATE_CURRENT;
    const flags = VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE | current;
    await connection.call('domainSnapshotCreateXml', { dom, xmlDesc, flags });
  }
}
