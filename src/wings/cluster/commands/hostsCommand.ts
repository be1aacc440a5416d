// `virt-rewind hosts`: what hosts have to do, who of their VMs should be elsewhere, and what happens if one fails.
import { t } from '@vscode/l10n';
import { unreachableJson } from '../../../cli/commands/list.js';
import type { Context } from '../../../cli/context.js';
import type { CommandAnswer, TextPart } from '../../../cli/printed.js';
import { displayLine } from '../../../domain/plainText.js';
import { byText, type Fleet, type FleetVm, Prediction } from '../placement/fleet.js';
import { failOver, type LeftWhy } from '../placement/leaveHost.js';
import { costOf, isCost, type MoveCost } from '../placement/moveCost.js';
import { proposeMoves } from '../placement/proposeMoves.js';
import { hostColumns, hostName, hostRow, moveLine, stayLine, vmColumns, vmRow, whyText } from '../placementText.js';
import type { ClusterAnswers } from './answers.js';
import { findConnection, findHost, type Look, lookAt, lookLines } from './hostLook.js';
import { agreeOn, carryOut, idOf, movedLines, movesJson, refusalText } from './movesTogether.js';

export async function hosts(context: Context): Promise<CommandAnswer> {
  const { call } = context;
  const look = await lookAt(context, call.operands);
  call.operands.forEach((one) => findConnection(context, one));
  const now = new Prediction(look.fleet);
  const lost = call.texts['without'];
  const shown = { answer: hostsJson(look, now), text: hostsText(context, look, now) };
  if (lost !== undefined) {
    return withoutHost(look, findHost(context, look.fleet, lost), shown);
  }
  return call.flags.has('propose') ? propose(context, look, shown) : shown;
}

interface HostsAnswer {
  readonly answer: ClusterAnswers['hosts'];
  readonly text: readonly TextPart[];
}

function hostsText(context: Context, look: Look, now: Prediction): readonly TextPart[] {
  const { flags, texts } = context.call;
  const { fleet, bandwidth } = look;
  const rows = fleet.hosts.map((host) => hostRow(host, now.loadOf(host.uri), now.vmsOn(host.uri)));
  const vms = [...fleet.vms].sort((a, b) => byText(a.name, b.name) || byText(a.host, b.host));
  const ofVms = {
    columns: vmColumns(),
    rows: vms.map((vm) => vmRow(fleet, vm, cheapest(fleet, vm, bandwidth))),
  };
  const hasVms = vms.length > 0 && texts['without'] === undefined && !flags.has('propose');
  return [
    { columns: hostColumns(), rows },
    ...(hasVms ? ['', ofVms] : []),
    ...lookLines(context, look).map((beside) => ({ beside })),
  ];
}

async function propose(context: Context, look: Look, shown: HostsAnswer): Promise<CommandAnswer> {
  const { call, printer } = context;
  const { fleet, bandwidth } = look;
  const say = (parts: readonly TextPart[]): void => parts.forEach((part) => printer.say(part));
  say(shown.text);
  const { moves, after, refused } = await agreeOn(context, fleet, (one) => proposeMoves(one, bandwidth));
  const then = new Prediction(after);
  const loads = after.hosts.map(({ uri }) => `${hostName(fleet, uri)} ${Math.round(then.loadOf(uri) * 100)} %`);
  say(
    moves.length === 0
      ? [t('Nothing is proposed.')]
      : [t('Proposed:'), ...moves.map((move) => moveLine(fleet, move)), t('Load then: {0}', loads.join(', '))],
  );
  say(refused.map((one) => ({ beside: stayLine(one.move.vm, refusalText(one, fleet)) })));
  const isToDo = call.flags.has('yes') && moves.length > 0;
  if (isToDo) {
    await carryOut(context, fleet, moves);
  }
  return {
    answer: {
      ...shown.answer,
      proposal: { moves: movesJson(moves), done: isToDo },
    } satisfies ClusterAnswers['hosts'],
    text: isToDo ? movedLines(context, fleet, moves) : t('Nothing was changed.'),
  };
}

function withoutHost({ fleet }: Look, uri: string, shown: HostsAnswer): CommandAnswer {
  const { moves, left, off } = failOver(fleet, uri);
  const name = hostName(fleet, uri);
  const without = {
    host: uri,
    restarted: moves.map(({ vm, to }) => ({ ...idOf(vm), to })),
    lost: left.map(({ vm, why }) => ({ ...idOf(vm), why })),
    off: off.map(idOf),
  };
  return {
    answer: { ...shown.answer, without } satisfies ClusterAnswers['hosts'],
    text: [
      ...shown.text,
      t('Without {0}: {1} started on other hosts, {2} left without room.', name, moves.length, left.length),
      ...moves.map(({ vm, to }) => `${displayLine(vm.name)} → ${hostName(fleet, to)}`),
      ...left.map(({ vm, why }) => `${displayLine(vm.name)}: ${whyText(why)}`),
      ...(off.length > 0 ? [t('Off there: {0}', off.map((vm) => displayLine(vm.name)).join(', '))] : []),
      ...(moves.length > 0 ? [t('Their RAM is lost. A cluster, or you, must start them there.')] : []),
    ],
  };
}

function cheapest(fleet: Fleet, vm: FleetVm, bandwidth: number): MoveCost | LeftWhy {
  const costs = fleet.hosts.filter(({ uri }) => uri !== vm.host).map((host) => costOf(vm, host, bandwidth));
  const [best] = costs.filter(isCost).sort((a, b) => a.seconds - b.seconds);
  return best ?? costs[0] ?? 'noOther';
}

function hostsJson({ fleet, reached, bandwidth }: Look, now: Prediction): ClusterAnswers['hosts'] {
  return {
    bandwidth,
    hosts: fleet.hosts.map(({ uri, pools, sleeps, ...host }) => ({
      ...{ ...host, connection: uri, load: now.loadOf(uri), sleeps: [...sleeps], pools: [...pools] },
      vms: now.vmsOn(uri).length,
    })),
    vms: fleet.vms.map((vm) => {
      const { host, power, memoryBytes, processors, used, dirtyBytes, snapshots } = vm;
      const cost = cheapest(fleet, vm, bandwidth);
      return {
        ...{ ...idOf(vm), connection: host, state: power, memoryBytes, processors, snapshots },
        ...(used !== undefined && { used }),
        ...(dirtyBytes !== undefined && { dirtyBytes }),
        ...(typeof cost === 'string' ? { stays: cost } : { cost }),
      };
    }),
    unreachable: unreachableJson(reached),
  };
}
