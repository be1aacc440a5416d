// Reverts to and deletes a snapshot: one call of libvirt each, and what is seen beside it.
import {
  VIR_DOMAIN_SNAPSHOT_REVERT_PAUSED,
  VIR_DOMAIN_SNAPSHOT_REVERT_RUNNING,
  VIR_DOMAIN_XML_INACTIVE,
  VIR_DOMAIN_XML_SECURE,
} from '../../libvirt/flags.js';
import { Failure } from '../../domain/failure.js';
import type { StepOfKind } from '../../steps/step.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { diskStates } from './diskState.js';
import { blockJobsLook, watchWhile } from './jobWatch.js';
import { parseSnapshotHead } from '../xml/snapshotXml.js';
import { judgeWhileOff, revertVm } from './openImages.js';
import type { StepContext } from './stepContext.js';
import { readPower } from '../powerState.js';
import { errorCodes, undefinedOnCode } from '../../libvirt/libvirtError.js';
import { toFailure } from '../toFailure.js';

/**
 * No plan waits for a second that is further off; then the clock was set back since, and that second is not near any
 * more.
 */
const mostMs = 4_000;

/**
 * Until the second is over on this computer's clock. Idempotent.
 * @throws the signal's reason
 */
export async function waitUntil(second: number, signal: AbortSignal, now: () => number = Date.now): Promise<void> {
  const end = (second + 1) * 1_000;
  // A timer may fire a little early.
  for (let left = end - now(); left > 0 && left <= mostMs; left = end - now()) {
    await new Promise<void>((resolve, reject) => {
      const abort = (): void => {
        clearTimeout(timer);
        reject(signal.reason as Error);
      };
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', abort);
        resolve();
      }, left);
      if (signal.aborted) {
        abort();
      } else {
        signal.addEventListener('abort', abort, { once: true });
      }
    });
  }
}

const revertFlags = {
  asSnapshot: 0,
  running: VIR_DOMAIN_SNAPSHOT_REVERT_RUNNING,
  paused: VIR_DOMAIN_SNAPSHOT_REVERT_PAUSED,
} as const satisfies Record<StepOfKind<'revert'>['to'], number>;

/** Clocks do not run equally fast. */
const marginMs = 50;

/**
 * libvirt names a VM's new overlays by the second of its own host, whose clock may be ahead of ours or behind, and
 * looks whether the names are free only when it has stopped the VM. Whatever its clock says, a second after a revert
 * has come back it shows another one.
 */
export class RevertSpacing {
  readonly #now: () => number;
  /** When the last revert of a VM came back, by its UUID. */
  readonly #ended = new Map<string, number>();

  /** @param now milliseconds that only grow */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  isDue(uuid: string): boolean {
    const ended = this.#ended.get(uuid);
    return ended === undefined || this.#now() - ended >= 1_000 + marginMs;
  }

  /** @throws the signal's reason */
  async untilDue(uuid: string, signal: AbortSignal): Promise<void> {
    const ended = this.#ended.get(uuid);
    if (ended !== undefined) {
      await waitUntil((ended + marginMs) / 1_000, signal, this.#now);
    }
  }

  /** Also of one that failed: it may have made its overlays before. */
  hasEnded(uuid: string): void {
    this.#ended.set(uuid, this.#now());
  }
}

/** Spaces the reverts of this process over all connections: a lost connection says nothing of the VM. */
const spacingOfAll = new RevertSpacing();

/** Idempotent: libvirt goes there again, and what came after the first time is gone. */
export async function revert(context: StepContext, step: StepOfKind<'revert'>, spacing = spacingOfAll): Promise<void> {
  const { connection, dom, signal } = context;
  const snap = { name: step.snapshot, dom };
  if (!spacing.isDue(dom.uuid)) {
    const { xml } = await connection.call('domainSnapshotGetXmlDesc', { snap, flags: 0 });
    if (parseSnapshotHead(xml).style === 'external') {
      await spacing.untilDue(dom.uuid, signal);
    }
  }
  const before = await readDefinition(context);
  try {
    await revertVm(context, step.snapshot, revertFlags[step.to]);
  } catch (error) {
    await putDefinitionBack(context, step.snapshot, before);
    throw error;
  } finally {
    spacing.hasEnded(dom.uuid);
  }
}

/** With what libvirt keeps secret. */
async function readDefinition({ connection, dom }: StepContext): Promise<string> {
  const flags = VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE;
  return (await connection.call('domainGetXmlDesc', { dom, flags })).xml;
}

/**
 * Before libvirt loads RAM, it makes the configuration of the snapshot that of the VM. Where QEMU does not start with
 * it then, the VM has the disks of before, and would start with that configuration next time, if at all (measured:
 * 9.0). Never rejects: what is told is why the revert failed.
 */
async function putDefinitionBack(context: StepContext, snapshot: string, before: string): Promise<void> {
  const { connection, dom, log } = context;
  try {
    const now = await readDefinition(context);
    const { xml } = await connection.call('domainSnapshotGetXmlDesc', { snap: { name: snapshot, dom }, flags: 0 });
    const { style, kind } = parseSnapshotHead(xml);
    const { power } = await readPower(connection, dom);
    if (now !== before && style === 'internal' && kind === 'memory' && power === 'off') {
      await connection.call('domainDefineXmlFlags', { xml: before, flags: 0 });
    }
  } catch (error) {
    log.error(`the configuration of ${dom.name} may be that of the snapshot ${snapshot}: ${toFailure(error).line}`);
  }
}

/**
 * Not idempotent: one that is not there is a failure of kind `notFound`, for a user may mean another. A second run
 * checks first.
 */
export async function deleteSnapshot(context: StepContext, step: StepOfKind<'deleteSnapshot'>): Promise<void> {
  const { connection, dom } = context;
  const snap = { name: step.snapshot, dom };
  const { xml } = await connection.call('domainSnapshotGetXmlDesc', { snap, flags: 0 });
  const { style, disks, revertDisks = [] } = parseSnapshotHead(xml);
  await judgeWhileOff(context);
  const deleted = connection.call('domainSnapshotDelete', { snap, flags: 0 });
  const merged = disks.filter((disk) => disk.location === 'external').map((disk) => disk.target);
  if (style === 'external' && merged.length > 0) {
    await watchWhile(deleted, context, blockJobsLook(context, merged));
    await requireMerged(context, step.snapshot, [...disks, ...revertDisks]);
  } else {
    const isDiskMissing = disks.some(
      ({ target, location }) => location === 'internal' && !context.vm.disks.some((disk) => disk.target === target),
    );
    await (isDiskMissing ? deleted.catch((error: unknown) => requireDeleted(context, step, error)) : deleted);
  }
}

/**
 * libvirt 9.0 rejects a delete with "disk 'vdb' not found in domain" where the VM has that disk no more, when it has
 * removed the tags and the snapshot already (measured).
 */
async function requireDeleted(
  { connection, dom, log }: StepContext,
  { snapshot: name }: StepOfKind<'deleteSnapshot'>,
  error: unknown,
): Promise<void> {
  const found = connection.call('domainSnapshotLookupByName', { dom, name, flags: 0 });
  const isGone = undefinedOnCode(errorCodes.VIR_ERR_NO_DOMAIN_SNAPSHOT, found).then((snap) => snap === undefined);
  if (!(await isGone.catch(() => false))) {
    throw error;
  }
  log.info(`the snapshot ${name} is gone, though libvirt said: ${toFailure(error).line}`);
}

/** libvirt takes a merge for done in which QEMU died before it left the overlay: measured with 12.8, see leftMerges. */
async function requireMerged(
  { connection, dom, vm }: StepContext,
  snapshot: string,
  named: Snapshot['disks'],
): Promise<void> {
  const { xml } = await connection.call('domainGetXmlDesc', { dom, flags: 0 });
  const states = diskStates(xml);
  const stays = named.find(({ target, file }) => file !== undefined && states.get(target)?.file === file);
  if (stays?.file !== undefined) {
    const doing = 'delete a snapshot: libvirt took its overlay for merged, and the VM stands on it still';
    throw new Failure('failed', { vm: vm.name, snapshot, path: stays.file, doing });
  }
}
