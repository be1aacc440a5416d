// `virt-rewind empty`: moves the VMs of a host to others.
import { t } from '@vscode/l10n';
import { orNamed } from '../../../domain/asFailure.js';
import { agreeTo } from '../../../cli/agree.js';
import type { Context } from '../../../cli/context.js';
import type { CommandAnswer } from '../../../cli/printed.js';
import { type BegunMove, readBegunMoves } from '../../../journal/begunMoves.js';
import { vmCountText } from '../../../text/words.js';
import { endLeft } from '../../../session/leftWork.js';
import { leftMoves } from '../leftInCluster.js';
import type { Fleet } from '../placement/fleet.js';
import { emptyHost, type LeftVm } from '../placement/leaveHost.js';
import type { MoveRefusal } from '../placement/moveInTurn.js';
import { hostName, moveLine, stayLine, whyText } from '../placementText.js';
import type { ClusterAnswers } from './answers.js';
import { findConnection, findHost, lookAt, lookLines, reach } from './hostLook.js';
import { agreeOn, carryOut, idOf, movedLines, movesJson, refusalText } from './movesTogether.js';

export async function empty(context: Context): Promise<CommandAnswer> {
  const { call, terminal, session, log } = context;
  const [named = '', ...others] = call.operands;
  const isPlan = call.flags.has('plan');
  await reach(context, [named, ...others]);
  others.forEach((one) => findConnection(context, one));
  const uri = findConnection(context, named);
  // By what is written down: the host may have forgotten the VM.
  for (const { vm } of isPlan
    ? []
    : (await readBegunMoves(session.folder, log)).entries.filter(isOfHost(context, uri))) {
    await orNamed({ vm: vm.name, host: named }, async () => endLeft(await leftMoves(session, vm.uuid, log), 'finish'));
  }
  const look = await lookAt(context, [named, ...others]);
  const { fleet, bandwidth } = look;
  const host = findHost(context, fleet, uri);
  const { moves, left, refused } = await agreeOn(context, fleet, (one) => emptyHost(one, host, bandwidth));
  const lines = [
    t('Move {0} away from {1}?', vmCountText(moves.length), hostName(fleet, host)),
    ...moves.map((move) => moveLine(fleet, move)),
    ...left.map(({ vm, why }) => stayLine(vm, whyLeft({ vm, why }, refused, fleet))),
  ];
  const plan = { host, moves: movesJson(moves), left: leftJson(left, refused, fleet) };
  if (isPlan) {
    return {
      answer: { plan } satisfies ClusterAnswers['empty'],
      text: [...lookLines(context, look).map((beside) => ({ beside })), ...lines, t('Nothing was changed.')],
    };
  }
  lookLines(context, look).forEach((line) => terminal.tell(line));
  if (moves.length > 0) {
    await agreeTo(context, { lines, confirm: t('Move'), asks: true });
    await carryOut(context, fleet, moves);
  } else {
    terminal.tell(lines.slice(1).join('\n'));
  }
  return {
    answer: { moved: plan } satisfies ClusterAnswers['empty'],
    text: movedLines(context, fleet, moves),
    exit: left.length === 0 ? 'done' : 'wrong',
  };
}

/** Begun from the host under this name of it, or of a VM that it has. */
function isOfHost({ session }: Context, uri: string): (move: BegunMove) => boolean {
  const vms = session.engine.connections.find((one) => one.uri === uri)?.vms ?? [];
  return ({ from, vm: { uuid } }) => from === uri || vms.some(({ ref }) => ref.uuid === uuid);
}

function whyLeft({ vm, why }: LeftVm, refused: readonly MoveRefusal[], fleet: Fleet): string {
  const said = refused.filter(({ move }) => move.vm.uuid === vm.uuid).map((one) => refusalText(one, fleet));
  return why === 'refused' && said.length > 0 ? said.join(' ') : whyText(why);
}

function leftJson(
  left: readonly LeftVm[],
  refused: readonly MoveRefusal[],
  fleet: Fleet,
): Required<ClusterAnswers['empty']>['plan']['left'] {
  return left.map((one) => ({ ...idOf(one.vm), why: one.why, message: whyLeft(one, refused, fleet) }));
}
