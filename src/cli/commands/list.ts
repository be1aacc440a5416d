// The VMs of all connections, and which connections cannot be had.
import { t } from '@vscode/l10n';
import { displayLine } from '../../domain/plainText.js';
import { readInfos } from '../../session/infos.js';
import type { ReachedVms } from '../../session/session.js';
import { labelIn } from '../../text/connectionLabel.js';
import { failureText } from '../../text/failures/failureText.js';
import { powerWord } from '../../text/words.js';
import type { Context } from '../context.js';
import type { ExitName } from '../exitCodes.js';
import type { Answers } from '../answers.js';

export function unreachableJson({ unreachable }: Pick<ReachedVms, 'unreachable'>): Answers['list']['unreachable'] {
  return unreachable.map(({ uri, failure }) => ({
    connection: uri,
    kind: failure.kind,
    message: failureText(failure).sentence,
  }));
}

function tellUnreachable(
  { unreachable }: Pick<ReachedVms, 'unreachable'>,
  { session, terminal }: Pick<Context, 'session' | 'terminal'>,
): void {
  for (const { uri, failure } of unreachable) {
    terminal.tell(`${labelIn(session.engine.connections, uri)}: ${failureText(failure).sentence}`);
  }
}

export async function list({ session, terminal, json, log }: Context): Promise<ExitName> {
  const reached = await session.reachAll();
  const { views } = reached;
  const infos = await readInfos(session, views, log);
  if (json !== undefined) {
    json({
      vms: infos,
      unreachable: unreachableJson(reached),
    } satisfies Answers['list']);
    return 'done';
  }
  const columns = [
    { title: t('VM'), rank: 0 },
    { title: t('State'), rank: 0 },
    { title: t('Snapshots'), rank: 1 },
    { title: t('Connection'), rank: 2 },
  ];
  const rows = views.map((view, at) => [
    displayLine(view.vm.name),
    [
      powerWord(view.vm),
      ...(session.isProtected(view.vm) ? [t('protected')] : []),
      ...(view.vm.clone?.disposable === true ? [t('deleted when off')] : []),
    ].join(', '),
    String(infos[at]?.snapshots ?? '?'),
    labelIn(session.engine.connections, view.ref.connection),
  ]);
  if (rows.length === 0) {
    terminal.tell(t('There are no VMs.'));
  } else {
    terminal.sayTable(columns, rows);
  }
  tellUnreachable(reached, { session, terminal });
  return 'done';
}
