// What differs between a lab file and what was made of it. Changes nothing.
import { failureText } from '../text/failures/failureText.js';
import { isOfWing } from '../domain/failure.js';
import { t } from '@vscode/l10n';
import { displayLine } from '../domain/plainText.js';
import type { LabRecord } from '../journal/labStore.js';
import type { StartWait } from '../domain/system.js';
import type { Session } from '../session/session.js';
import type { ObservedSystem } from '../systems/observedSystem.js';
import { digestOfClone, isCloneOfLab } from './labClones.js';
import type { Lab, WantedVm } from './labFile.js';
import { type LabChain, readChain } from './labLayers.js';
import { networkDifference } from './labNetwork.js';
import { digestOf, imageNow, checkParts } from './labPlaces.js';
import type { Hardware, HardwarePart, HardwareItem } from '../domain/hardware.js';
import type { LabVmParts } from '../domain/labVm.js';

export interface LabDifference {
  /**
   * `absent`: nothing was made of the file; `unfinished`: that broke off; `vm`: one is missing, or is another; `parts`:
   * the file says something else than what it was made of; `hardware`: somebody changed the VM itself; `image`: the
   * file below its overlay was changed; `order`; `point`; `network`: see `networkDifference`; `off`: it does not run.
   */
  readonly kind:
    'absent' | 'unfinished' | 'vm' | 'parts' | 'hardware' | 'image' | 'order' | 'point' | 'network' | 'off';
  /** Its name in the file. */
  readonly vm?: string;
  readonly message: string;
}

interface DifferenceContext {
  readonly session: Session;
  readonly environment: NodeJS.ProcessEnv;
}

export async function differencesOf(
  lab: Lab,
  record: LabRecord | undefined,
  file: string,
  looking: DifferenceContext,
): Promise<readonly LabDifference[]> {
  if (record === undefined) {
    return [{ kind: 'absent', message: t('The lab was not created.') }];
  }
  const { session } = looking;
  const systems = await session.systems();
  const stored = record.system === undefined ? undefined : await systems.find(record.system);
  if (record.phase !== 'ready' || stored === undefined) {
    return [
      {
        kind: 'unfinished',
        message: t(
          'An operation on the lab was interrupted. Create the lab, which continues or starts again, or destroy it.',
        ),
      },
    ];
  }
  session.reachMembers(stored);
  const seen = await systems.look(stored);
  const gone = record.vms.filter(({ key }) => !lab.vms.some((vm) => vm.key === key));
  const network = await networkDifference(record.network, lab.network, session);
  return [
    ...ofPlace(lab, record),
    ...(network === undefined ? [] : [{ kind: 'network' as const, message: network }]),
    ...gone.map(({ key }) => ({ kind: 'vm' as const, vm: key, message: t('“{0}” is no longer in the file.', key) })),
    ...(await Promise.all(lab.vms.map((vm) => ofVm(vm, record, seen, file, looking)))).flat(),
    ...ofPoints(lab, seen, record, await chainOf(lab, record, file, looking)),
  ];
}

function ofPlace({ name, connection }: Lab, { name: was, vms }: LabRecord): readonly LabDifference[] {
  const on = vms[0]?.connection;
  const pairs = [[was, name] as const, ...(on && connection !== undefined ? [[on, connection] as const] : [])];
  return pairs
    .filter(([made, says]) => made !== says)
    .map(([made, says]) => ({
      kind: 'parts',
      message: t('It was created as {0}, but the file says {1} now.', displayLine(made), displayLine(says)),
    }));
}

async function ofVm(
  wanted: WantedVm,
  { vms }: LabRecord,
  seen: ObservedSystem,
  file: string,
  { session, environment }: DifferenceContext,
): Promise<readonly LabDifference[]> {
  const { key: vm, source } = wanted;
  const own = vms.find((one) => one.key === vm);
  const differs = (kind: LabDifference['kind'], message: string): LabDifference => ({ kind, vm, message });
  if (own === undefined) {
    return [differs('vm', t('“{0}” was added to the file.', vm))];
  }
  const at = seen.system.members.findIndex(({ uuid }) => uuid === own.uuid);
  const { vm: there, isAway } = seen.members[at] ?? { isAway: false };
  if (there === undefined) {
    return [
      differs(
        'vm',
        isAway ? t('{0} is not reachable.', displayLine(own.name)) : t('{0} no longer exists.', displayLine(own.name)),
      ),
    ];
  }
  const found: LabDifference[] = [];
  if ((source.kind === 'existing') !== (own.parts === undefined) || (source.kind === 'clone') !== isCloneOfLab(own)) {
    found.push(differs('parts', t('“{0}” has another source now.', vm)));
  } else if (source.kind === 'existing') {
    if (source.vm !== own.name) {
      found.push(differs('vm', t('“{0}” names another VM now.', vm)));
    }
  } else if (source.kind === 'clone') {
    if (digestOfClone(source) !== own.parts) {
      found.push(differs('parts', t('“{0}” was created in another way than the file says now.', vm)));
    }
  } else {
    const { kind: _, ...made } = source;
    try {
      const { parts } = await checkParts(made, file, environment);
      if (digestOf(parts) !== own.parts) {
        found.push(differs('parts', t('“{0}” was created in another way than the file says now.', vm)));
      } else {
        const other = otherHardware(await session.engine.readHardware(own), parts);
        if (other !== undefined) {
          found.push(
            differs('hardware', t('“{0}” was changed in libvirt: {1}. The file says {2}.', vm, other.has, other.says)),
          );
        }
      }
    } catch (error) {
      if (!isOfWing(error, 'lab')) {
        throw error;
      }
      found.push(differs('image', failureText(error).sentence));
    }
    for (const { path, bytes, modifiedAt } of own.sources ?? []) {
      const source = await imageNow(path);
      if (source?.bytes !== bytes || source.modifiedAt !== modifiedAt) {
        const message = t('{0} was changed after “{1}” was created. “{1}” keeps its own copy.', displayLine(path), vm);
        found.push(differs('image', message));
      }
    }
    const now = own.image === undefined ? undefined : await imageNow(own.image.path);
    if (own.image !== undefined && (now?.bytes !== own.image.bytes || now.modifiedAt !== own.image.modifiedAt)) {
      const path = displayLine(own.image.path);
      found.push(
        differs('image', t('{0} was changed after “{1}” was created on it. This damaged the disk of “{1}”.', path, vm)),
      );
    }
  }
  const member = seen.system.members[at];
  const after = wanted.after.map((key) => vms.find((one) => one.key === key)?.uuid ?? '');
  if (!sameOrder({ after, wait: wanted.wait }, { after: member?.after ?? [], wait: member?.wait })) {
    found.push(differs('order', t('“{0}” has another start order or start condition.', vm)));
  }
  if (there.power !== 'running') {
    found.push(differs('off', t('The VM {0} is not running.', displayLine(own.name))));
  }
  return found;
}

interface Order {
  readonly after: readonly string[];
  readonly wait: StartWait | undefined;
}

function sameOrder(one: Order, other: Order): boolean {
  const orderKey = ({ after, wait }: Order): string =>
    JSON.stringify([[...after].sort(), Object.entries(wait ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))]);
  return orderKey(one) === orderKey(other);
}

/** What is wrong with the file of a step is a difference, too. */
async function chainOf(
  lab: Lab,
  { vms }: LabRecord,
  file: string,
  { environment }: DifferenceContext,
): Promise<LabChain | string> {
  try {
    return await readChain(lab, vms, file, environment);
  } catch (error) {
    if (isOfWing(error, 'lab')) {
      return failureText(error).sentence;
    }
    throw error;
  }
}

function ofPoints(
  lab: Lab,
  { points, seen, members }: ObservedSystem,
  { layers = [] }: LabRecord,
  chain: LabChain | string,
): readonly LabDifference[] {
  if (typeof chain === 'string') {
    return [{ kind: 'point', message: chain }];
  }
  let isChanged = false;
  return lab.points.flatMap(({ title }, at): readonly LabDifference[] => {
    const point = points.find((one) => one.title === title && one.auto === undefined);
    const name = displayLine(title);
    if (point === undefined) {
      return [{ kind: 'point', message: t('The restore point “{0}” does not exist.', name) }];
    }
    const layer = layers.find((one) => one.point === point.id);
    if (layer !== undefined && layer.digest !== chain.digests[at + 1]) {
      const message = t('The steps of the restore point “{0}” were changed.', name);
      // Those after it are others by that alone.
      const first = isChanged ? [] : [{ kind: 'point' as const, message }];
      isChanged = true;
      return first;
    }
    const lost = (seen.get(point.id) ?? []).findIndex((one) => one === 'vmGone' || one === 'snapshotGone');
    return lost < 0
      ? []
      : [
          {
            kind: 'point',
            message: t(
              'The snapshot of {1} for the restore point “{0}” no longer exists.',
              name,
              displayLine(members[lost]?.name ?? ''),
            ),
          },
        ];
  });
}

interface OtherHardware {
  /** In the words of a lab file: `memory: 192 MiB`, `network: none`. */
  readonly has: string;
  readonly says: string;
}

const mib = 1024 * 1024;

/**
 * Disks by the places where they are: which file each one is on, snapshots change.
 * @param hardware as configured
 * @returns undefined where it is the same
 */
export function otherHardware(
  { items }: Pick<Hardware, 'items'>,
  {
    cpus,
    memoryMiB,
    image,
    firmware,
    disksMiB,
    network,
    cloudInit,
  }: Omit<LabVmParts, 'boot' | 'image'> & { readonly image?: unknown },
): OtherHardware | undefined {
  const of = (part: HardwarePart): readonly HardwareItem[] => items.filter((item) => item.part === part);
  const memory = of('memory').flatMap(({ facts: { bytes } }) => (bytes === undefined ? [] : [Number(bytes)]));
  const count = disksMiB.length + (image === undefined ? 0 : 1);
  const targets = Array.from({ length: count }, (_, at) => `vd${String.fromCharCode(97 + at)}`);
  const kinds = of('network').map(({ facts: { kind = '', source } }) => (kind === 'network' ? (source ?? '') : kind));
  const loader = of('firmware').find(({ id }) => id === 'os')?.facts.kind ?? '';
  const rows = [
    ['firmware', ['efi', 'pflash'].includes(loader) ? 'uefi' : 'bios', firmware ?? 'bios'],
    ['cpus', of('cpu').find(({ id }) => id === 'vcpu')?.facts.count ?? '', String(cpus)],
    // A VM may be given less of its memory than it has.
    ['memory', `${Math.min(...memory) / mib} MiB`, `${memoryMiB} MiB`],
    ['disks', joinSorted(of('disk').map(({ id }) => id)), joinSorted([...targets, ...(cloudInit ? ['sda'] : [])])],
    [
      'network',
      joinSorted(kinds),
      network === undefined ? joinSorted([]) : network === 'user' ? network : network.name,
    ],
  ] as const;
  const others = rows.filter(([, has, says]) => has !== says);
  const displayPairs = (pairs: readonly (readonly [string, string])[]): string =>
    pairs.map(([key, value]) => `${key}: ${displayLine(value)}`).join('; ');
  return others.length === 0
    ? undefined
    : {
        has: displayPairs(others.map(([key, has]) => [key, has])),
        says: displayPairs(others.map(([key, , says]) => [key, says])),
      };
}

function joinSorted(names: readonly string[]): string {
  return names.length === 0 ? 'none' : [...names].sort().join(', ');
}
