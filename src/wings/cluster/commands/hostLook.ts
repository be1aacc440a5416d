// The hosts that a command is about, as they are found and looked at.
import { t } from '@vscode/l10n';
import { countOf } from '../../../cli/arguments.js';
import { CliError } from '../../../cli/commandError.js';
import { unreachableLines } from '../../../cli/commands/list.js';
import type { Context } from '../../../cli/context.js';
import { displayLine } from '../../../domain/plainText.js';
import { isCalled, type WantedConnection } from '../../../domain/wantedConnection.js';
import { asksForTheSame, isSameHost } from '../../../driver/sharedHost.js';
import type { ReachedVms } from '../../../session/session.js';
import { wantedConnections } from '../../../session/wantedConnections.js';
import { bytesText } from '../../../text/bytesText.js';
import type { Fleet } from '../placement/fleet.js';
import { assumedBandwidth } from '../placement/moveCost.js';
import { type ReadFleet, readFleet } from '../placement/readFleet.js';

export const mostBandwidth = 9_999;

export interface Look {
  readonly fleet: ReadFleet;
  readonly reached: ReachedVms;
  readonly bandwidth: number;
}

/** Those that are named, else those of the settings. */
export async function reach({ session, call }: Context, named: readonly string[]): Promise<ReachedVms> {
  const { engine, settings } = session;
  const known = settings.connections;
  const isTold = named.length > (call.command === 'empty' ? 1 : 0) || call.texts['connect'] !== undefined;
  const asked = [
    ...named.map((one) => known.find((other) => isCalled(other, one)) ?? { uri: one }),
    ...(isTold ? [] : known.filter(({ onDemand }) => onDemand !== true)),
  ].map(({ onDemand: _, ...one }: WantedConnection) => one);
  const wanted = asked.length === 0 ? [] : wantedConnections(asked, { environment: process.env, known });
  const open = engine.connections.filter(({ uri }) => !wanted.some((one) => one.uri === uri));
  engine.setConnections([
    ...open.map(({ uri, name, readOnly, onDemand }) => ({
      uri,
      ...(name !== undefined && { name }),
      ...(readOnly === true && { readOnly }),
      ...(onDemand === true && { onDemand }),
    })),
    // What is no URI may be what a host calls itself.
    ...wanted.filter(({ uri }, at) => uri.includes(':') && wanted.findIndex((one) => one.uri === uri) === at),
  ]);
  return session.reachAll();
}

export function findConnection({ session }: Pick<Context, 'session'>, named: string): string {
  const { connections } = session.engine;
  const found =
    connections.find((one) => isCalled(one, named)) ??
    connections.find(({ capabilities }) => capabilities?.hostname === named);
  if (found === undefined) {
    throw new CliError('notFound', t('There is no host {0}.', displayLine(named)));
  }
  return found.uri;
}

export function findHost(context: Context, { hosts: all }: Fleet, named: string): string {
  const uri = findConnection(context, named);
  const { connections } = context.session.engine;
  const capabilitiesOf = (wanted: string) => connections.find((one) => one.uri === wanted)?.capabilities;
  // It is looked at by one of its names. Another daemon of it has other VMs.
  const host =
    all.find((one) => one.uri === uri) ??
    all.find((one) => asksForTheSame(one.uri, uri) && isSameHost(capabilitiesOf(one.uri), capabilitiesOf(uri)));
  if (host === undefined) {
    throw new CliError('notFound', t('There is no host {0}.', displayLine(named)));
  }
  return host.uri;
}

export async function lookAt(context: Context, named: readonly string[]): Promise<Look> {
  const { session, call, interruption } = context;
  const reached = await reach(context, named);
  const { engine, folder } = session;
  const megabytes = countOf(call, 'bandwidth', mostBandwidth);
  return {
    reached,
    bandwidth: megabytes === undefined ? assumedBandwidth : megabytes * 1024 ** 2,
    fleet: await readFleet(engine, {
      ...{ folder, signal: interruption.signal },
      isProtected: (vm) => session.isProtected(vm),
    }),
  };
}

export function lookLines(context: Context, { reached, bandwidth }: Look): readonly string[] {
  return [
    ...unreachableLines(reached, context),
    ...(context.call.texts['bandwidth'] === undefined
      ? [
          t(
            'Between hosts, {0} in a second are assumed. Tell other numbers by {1}.',
            bytesText(bandwidth),
            '--bandwidth',
          ),
        ]
      : []),
  ];
}
