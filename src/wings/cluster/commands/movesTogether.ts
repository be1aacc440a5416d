// Moves of several VMs: what hosts say to them beforehand, how they end, and what is told of them.
import { t } from '@vscode/l10n';
import { failureMessage } from '../../../text/failures/failureMessage.js';
import { CliError } from '../../../cli/commandError.js';
import type { Context } from '../../../cli/context.js';
import { exitOfFailure } from '../../../cli/exitCodes.js';
import { asFailure, nameIn, withDetails } from '../../../domain/asFailure.js';
import { Failure } from '../../../domain/failure.js';
import { displayLine } from '../../../domain/plainText.js';
import { failureText } from '../../../text/failures/failureText.js';
import { vmCountText } from '../../../text/words.js';
import { commandFor } from '../../../text/ways.js';
import type { Fleet, FleetVm } from '../placement/fleet.js';
import { agreeOnMoves, moveInTurn, type MoveRefusal } from '../placement/moveInTurn.js';
import type { ProposedMove } from '../placement/proposeMoves.js';
import { hostName } from '../placementText.js';
import type { ClusterAnswers } from './answers.js';

export async function agreeOn<T extends { readonly moves: readonly ProposedMove[] }>(
  { session, terminal, log, interruption, call }: Context,
  fleet: Fleet,
  choose: (fleet: Fleet) => T,
): Promise<T & { readonly refused: readonly MoveRefusal[] }> {
  const { engine, folder } = session;
  let words = { vm: '', host: '' };
  const agreeing = agreeOnMoves(engine, fleet, choose, {
    ...{ folder, log, signal: interruption.signal, addresses: addressesOf(call, fleet) },
    onAsk: ({ vm, to }) => {
      words = { vm: vm.name, host: hostName(fleet, to) };
      terminal.progress(`${displayLine(vm.name)} → ${words.host}`);
    },
    isRefusal: (error) => error instanceof Failure && error.kind === 'refused',
  });
  return agreeing.catch((error: unknown) => {
    throw nameIn(error, words);
  });
}

/** `HOST=ADDRESS` */
function addressesOf({ lists }: Context['call'], { hosts: all }: Fleet): ReadonlyMap<string, string> {
  const told = (lists['address'] ?? []).map((one) => {
    const at = one.lastIndexOf('=');
    const [name, address] = [one.slice(0, at), one.slice(at + 1)];
    const host = all.find((each) => each.uri === name || each.name === name);
    if (at < 0 || host === undefined) {
      throw new CliError('usage', t('There is no host {0}.', displayLine(name || one)));
    }
    return [host.uri, address] as const;
  });
  return new Map(told);
}

export async function carryOut(context: Context, fleet: Fleet, moves: readonly ProposedMove[]): Promise<void> {
  const { session, terminal, log, interruption, call } = context;
  const { engine, folder } = session;
  const done: ProposedMove[] = [];
  try {
    await moveInTurn(engine, fleet, moves, {
      ...{ folder, log, signal: interruption.signal, addresses: addressesOf(call, fleet) },
      onProgress: ({ vm }, fraction) =>
        terminal.progress(t('Moving {0}: {1} %', displayLine(vm.name), Math.floor(fraction * 100))),
      onMoved: (move) => done.push(move),
    });
  } catch (error) {
    const next = moves[done.length];
    if (next === undefined) {
      throw error;
    }
    const failure = withDetails(asFailure(error), { vm: next.vm.name, host: hostName(fleet, next.to) });
    throw new CliError(
      interruption.wasWished ? 'cancelled' : done.length === 0 ? exitOfFailure(failure.kind) : 'failed',
      [failureMessage(failure), t('The VMs after it were not moved.'), ...movedLines(context, fleet, done)].join('\n'),
    );
  }
}

/** With how it is undone: as each alone would be. */
export function movedLines({ call }: Context, fleet: Fleet, moves: readonly ProposedMove[]): readonly string[] {
  const addresses = addressesOf(call, fleet);
  const back = moves.toReversed().map(({ vm, from, to }) => {
    const address = addresses.get(from);
    return commandFor(['move', vm.uuid, from, '-c', to, ...(address === undefined ? [] : ['--address', address])]);
  });
  return [t('Moved {0}.', vmCountText(moves.length)), ...(moves.length > 0 ? [t('To undo it:'), ...back] : [])];
}

export function refusalText({ move: { vm, to }, error }: MoveRefusal, fleet: Fleet): string {
  const failure = withDetails(asFailure(error), { vm: vm.name, host: hostName(fleet, to) });
  const [why] = failure.details.reason?.text(failure.details) ?? [failureText(failure).sentence];
  return why;
}

export function idOf({ name, uuid }: FleetVm): { readonly vm: string; readonly uuid: string } {
  return { vm: name, uuid };
}

export function movesJson(moves: readonly ProposedMove[]): Required<ClusterAnswers['empty']>['plan']['moves'] {
  return moves.map(({ vm, from, to, cost }) => ({ ...idOf(vm), from, to, ...cost }));
}
