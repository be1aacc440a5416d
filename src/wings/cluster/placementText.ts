// Hosts, costs and proposals as sentences and rows.
import { t } from '@vscode/l10n';
import { displayLine } from '../../domain/plainText.js';
import { bytesText } from '../../text/bytesText.js';
import { decimalText } from '../../text/numberText.js';
import { estimateText } from '../../text/relativeAge.js';
import type { Fleet, FleetVm } from './placement/fleet.js';
import type { LeftWhy } from './placement/leaveHost.js';
import type { MoveCost } from './placement/moveCost.js';
import type { ProposedMove } from './placement/proposeMoves.js';
import type { ReadHost } from './placement/readFleet.js';

export function hostName({ hosts }: Fleet, uri: string): string {
  return displayLine(hosts.find((host) => host.uri === uri)?.name ?? uri);
}

export function whyText(why: LeftWhy): string {
  switch (why) {
    case 'protected':
      return t('protected');
    case 'lab':
      return t('a VM of a lab');
    case 'system':
      return t('a VM of a system, which would lose it');
    case 'devices':
      return t('uses devices of its host');
    case 'state':
      return t('neither running nor off');
    case 'twice':
      return t('also on another host');
    case 'closed':
      return t('a host is read-only, or no shell leads there');
    case 'notShared':
      return t('running, and no other host has its files');
    case 'tooFast':
      return t('writes to its RAM faster than it can be sent');
    case 'refused':
      return t('refused by the other hosts');
    case 'noRoom':
      return t('too little RAM or processors on the other hosts');
    case 'noOther':
      return t('no other host');
  }
}

function costText({ bytes, seconds }: MoveCost): string {
  return t('{0}, about {1}', bytesText(bytes), estimateText(seconds * 1_000));
}

export function moveLine(fleet: Fleet, { vm, from, to, cost }: ProposedMove): string {
  return t(
    '{0}: from {1} to {2} ({3})',
    displayLine(vm.name),
    hostName(fleet, from),
    hostName(fleet, to),
    costText(cost),
  );
}

export function stayLine({ name }: Pick<FleetVm, 'name'>, why: string): string {
  return t('{0} stays: {1}', displayLine(name), why);
}

export const hostColumns = (): readonly { readonly title: string; readonly rank: number }[] => [
  { title: t('Host'), rank: 0 },
  { title: t('Load'), rank: 0 },
  { title: t('Processors in use'), rank: 1 },
  { title: t('Free RAM'), rank: 1 },
  { title: t('VMs running'), rank: 1 },
  { title: t('Snapshots'), rank: 2 },
  { title: t('Free in pools'), rank: 3 },
  { title: t('Sleep'), rank: 4 },
];

export function hostRow(host: ReadHost, load: number, vms: readonly FleetVm[]): readonly string[] {
  const { name, processors, busy, availableBytes, memoryBytes, pools, sleeps, closed } = host;
  const of = (part: string, all: string): string => t('{0} of {1}', part, all);
  const free = Math.max(0, ...pools.map(({ freeBytes }) => freeBytes));
  return [
    closed === undefined ? displayLine(name) : t('{0} ({1})', displayLine(name), whyText('closed')),
    `${Math.round(load * 100)} %`,
    of(busy === undefined ? '?' : decimalText(Math.round(busy * 10) / 10), String(processors)),
    of(bytesText(availableBytes), bytesText(memoryBytes)),
    of(String(vms.filter(({ power }) => power === 'running').length), String(vms.length)),
    String(vms.reduce((sum, { snapshots }) => sum + snapshots, 0)),
    pools.length === 0 ? '–' : bytesText(free),
    sleeps.length === 0 ? t('no sleep') : sleeps.join(', '),
  ];
}

export const vmColumns = (): readonly { readonly title: string; readonly rank: number }[] => [
  { title: t('VM'), rank: 0 },
  { title: t('Host'), rank: 0 },
  { title: t('Memory'), rank: 1 },
  { title: t('Processors in use'), rank: 2 },
  { title: t('Writes to RAM'), rank: 3 },
  { title: t('Snapshots'), rank: 2 },
  { title: t('Cost of a move'), rank: 0 },
];

export function vmRow(fleet: Fleet, vm: FleetVm, cost: MoveCost | LeftWhy): readonly string[] {
  const { name, host, memoryBytes, used, dirtyBytes, snapshots } = vm;
  return [
    displayLine(name),
    hostName(fleet, host),
    bytesText(memoryBytes),
    used === undefined ? '–' : decimalText(Math.round(used * 10) / 10),
    dirtyBytes === undefined ? '–' : t('{0}/s', bytesText(dirtyBytes)),
    String(snapshots),
    typeof cost === 'string' ? whyText(cost) : costText(cost),
  ];
}
