// `virt-rewind hosts`: what hosts have to do, who of their VMs should be elsewhere, and what happens if one fails.
import { t } from '@vscode/l10n';
import { unreachableJson } from '../../../cli/commands/list.js';
import type { Context } from '../../../cli/context.js';
import type { ExitName } from '../../../cli/exitCodes.js';
import { displayLine } from '../../../domain/plainText.js';
import { byText, type Fleet, type FleetVm, Prediction } from '../placement/fleet.js';
import { failOver, type LeftWhy } from '../placement/leaveHost.js';
import { costOf, isCost, type MoveCost } from '../placement/moveCost.js';
import { proposeMoves } from '../placement/proposeMoves.js';
import { hostColumns, hostName, hostRow, moveLine, stayLine, vmColumns, vmRow, whyText } from '../placementText.js';
import type { ClusterAnswers } from './answers.js';
import { findConnection, findHost, type Look, lookAt, tellLook } from './hostLook.js';
import { agreeOn, carryOut, idOf, movedLines, movesJson, refusalText } from './movesTogether.js';

export async function hosts(context: Context): Promise<ExitName> {
  const { call, json, terminal } = context;
  const look = await lookAt(context, call.operands);
  call.operands.forEach((one) => findConnection(context, one));
  const { fleet, bandwidth } = look;
  const now = new Prediction(fleet);
  const lost = call.texts['without'];
  if (json === undefined) {
    const rows = fleet.hosts.map((host) => hostRow(host, now.loadOf(host.uri), now.vmsOn(host.uri)));
    terminal.sayTable(hostColumns(), rows);
    const vms = [...fleet.vms].sort((a, b) => byText(a.name, b.name) || byText(a.host, b.host));
    if (vms.length > 0 && lost === undefined && !call.flags.has('propose')) {
      terminal.say('');
      terminal.sayTable(
        vmColumns(),
        vms.map((vm) => vmRow(fleet, vm, cheapest(fleet, vm, bandwidth))),
      );
    }
    tellLook(context, look);
  }
  const answer = json === undefined ? {} : hostsJson(look, now);
  if (lost !== undefined) {
    return tellWithout(context, look, findHost(context, fleet, lost), answer);
  }
  return call.flags.has('propose') ? propose(context, look, answer) : tellJson(context, answer);
}

async function propose(context: Context, look: Look, answer: ReturnType<typeof hostsJson> | object): Promise<ExitName> {
  const { call, json, terminal } = context;
  const { fleet, bandwidth } = look;
  const { moves, after, refused } = await agreeOn(context, fleet, (one) => proposeMoves(one, bandwidth));
  const then = new Prediction(after);
  if (json === undefined) {
    const loads = after.hosts.map(({ uri }) => `${hostName(fleet, uri)} ${Math.round(then.loadOf(uri) * 100)} %`);
    terminal.say(
      moves.length === 0
        ? t('Nothing is proposed.')
        : [t('Proposed:'), ...moves.map((move) => moveLine(fleet, move)), t('Load then: {0}', loads.join(', '))].join(
            '\n',
          ),
    );
    refused.forEach((one) => terminal.tell(stayLine(one.move.vm, refusalText(one, fleet))));
  }
  const isToDo = call.flags.has('yes') && moves.length > 0;
  if (isToDo) {
    await carryOut(context, fleet, moves);
  }
  if (json === undefined) {
    terminal.say((isToDo ? movedLines(context, fleet, moves) : [t('Nothing was changed.')]).join('\n'));
  }
  return tellJson(context, { ...answer, proposal: { moves: movesJson(moves), done: isToDo } });
}

function tellWithout(
  context: Context,
  { fleet }: Look,
  uri: string,
  answer: ReturnType<typeof hostsJson> | object,
): ExitName {
  const { json, terminal } = context;
  const { moves, left, off } = failOver(fleet, uri);
  if (json === undefined) {
    const name = hostName(fleet, uri);
    terminal.say(
      [
        t('Without {0}: {1} started on other hosts, {2} left without room.', name, moves.length, left.length),
        ...moves.map(({ vm, to }) => `${displayLine(vm.name)} → ${hostName(fleet, to)}`),
        ...left.map(({ vm, why }) => `${displayLine(vm.name)}: ${whyText(why)}`),
        ...(off.length > 0 ? [t('Off there: {0}', off.map((vm) => displayLine(vm.name)).join(', '))] : []),
        ...(moves.length > 0 ? [t('Their RAM is lost. A cluster, or you, must start them there.')] : []),
      ].join('\n'),
    );
  }
  const without = {
    host: uri,
    restarted: moves.map(({ vm, to }) => ({ ...idOf(vm), to })),
    lost: left.map(({ vm, why }) => ({ ...idOf(vm), why })),
    off: off.map(idOf),
  };
  return tellJson(context, { ...answer, without });
}

function tellJson({ json }: Context, answer: object): ExitName {
  json?.(answer as Readonly<Record<string, unknown>>);
  return 'done';
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
