// What is told before a lab is made, and before it is removed: a line for each VM and restore point, the same in every
// shell.
import { t } from '@vscode/l10n';
import { automaticTitles } from '../domain/automaticTitles.js';
import { displayLine } from '../domain/plainText.js';
import type { VmRef } from '../domain/vm.js';
import type { LabRecord } from '../journal/labStore.js';
import type { VmView } from '../live/views.js';
import { connectionLabel } from '../text/connectionLabel.js';
import { lostWith } from '../text/questions/lossText.js';
import { proxyUrl } from './labNetwork.js';
import type { LabPlan } from './labPlan.js';

/**
 * It does more than make VMs: programs of the file run where a person's keys lead, or in VMs that were there before.
 */
export function asksToCreate(plan: LabPlan): boolean {
  const isReset = plan.again === true && plan.record.phase === 'ready' && plan.acts.length > 0;
  return (
    isReset ||
    (plan.used ?? []).length > 0 ||
    reachesMore(plan) ||
    plan.lab.points.some(({ run }) => run.some(({ ssh }) => ssh !== undefined)) ||
    ranIn(plan).length > 0
  );
}

/** Its VMs would reach servers that they do not reach now. */
function reachesMore({ again, lab, record }: LabPlan): boolean {
  const { network } = record;
  return (
    again === true &&
    network !== undefined &&
    lab.network?.allow.some((server) => !network.allow.includes(server)) === true
  );
}

/** The VMs that were there before in which the guest agent runs programs of the file. */
function ranIn({ record, lab }: LabPlan): readonly string[] {
  const run = new Set([
    ...lab.points.flatMap((point) => point.run.flatMap(({ vm, ssh }) => (ssh === undefined ? [vm] : []))),
    ...lab.vms.flatMap(({ key, wait }) => (wait?.kind === 'command' ? [key] : [])),
  ]);
  return record.vms.flatMap(({ key, name, parts }) => (parts === undefined && run.has(key) ? [name] : []));
}

export function createdText({ lab, again, acts }: LabPlan): string {
  const name = displayLine(lab.name);
  const made = acts.filter(({ kind }) => kind === 'make').length;
  return again === true
    ? t('The lab {0} matches its file. {1} of {2} restore points were created again.', name, made, lab.points.length)
    : t('Lab “{0}” created.', name);
}

export function createLines(plan: LabPlan): readonly string[] {
  const { record, lab, left, again, acts, used = [] } = plan;
  const [uri = ''] = record.vms.map(({ connection }) => connection);
  return [
    // A file does not name another computer: whoever reads it may not think of one.
    ...(uri.includes(':///') ? [] : [`${t('Connection')}: ${connectionLabel({ uri })}`]),
    ...(left === undefined ? [] : [t('First deletes what an interrupted attempt left.')]),
    ...used.map(deletesLine),
    ...networkLines(plan),
    ...(again === true ? [] : record.vms).map(({ name, parts }) =>
      parts === undefined
        ? t('Starts the existing VM {0} and creates snapshots of it', displayLine(name))
        : t('Creates {0}', displayLine(name)),
    ),
    ...ranIn(plan).map((name) => t('Runs programs in {0} with its guest agent', displayLine(name))),
    ...new Set(
      lab.points.flatMap(({ run }) =>
        run.flatMap(({ vm, ssh }) => {
          const name = record.vms.find(({ key }) => key === vm)?.name ?? vm;
          return ssh === undefined
            ? []
            : [t('Runs programs in {0} over ssh as {1}, with your keys', displayLine(name), ssh.user)];
        }),
      ),
    ),
    ...acts.map(({ kind, layer }) => {
      const title = layer === 0 ? automaticTitles.beforeFirstStep() : displayLine(lab.points[layer - 1]?.title ?? '');
      return kind === 'revert'
        ? t('Reverts all VMs to “{0}”; their current state is saved', title)
        : t('Creates the restore point “{0}”', title);
    }),
  ];
}

/** Programs of a guest without cloud-init have to be told the proxy. */
export function networkLines({ lab, record }: Pick<LabPlan, 'lab' | 'record'>): readonly string[] {
  return lab.network === undefined || record.network === undefined
    ? []
    : [t('Its VMs reach only {0}, by the proxy {1}', lab.network.allow.join(', '), proxyUrl(record.network))];
}

/** @param findVm with its snapshots, where it is there; @param now milliseconds since 1970 */
export function destroyLines(
  { vms }: LabRecord,
  findVm: (vm: VmRef) => VmView | undefined,
  now: number,
): readonly string[] {
  return vms
    .toSorted((one, other) => Number(one.parts === undefined) - Number(other.parts === undefined))
    .flatMap(({ connection, uuid, name, parts }) => {
      if (parts === undefined) {
        return t('Keeps {0}, but deletes its snapshots that the lab created.', displayLine(name));
      }
      const view = findVm({ connection, uuid });
      return [deletesLine(name), ...(view === undefined ? [] : lostWith(view, now).map((line) => `• ${line}`))];
    });
}

function deletesLine(name: string): string {
  return t('Deletes {0} with its disks and snapshots. This cannot be undone.', displayLine(name));
}
