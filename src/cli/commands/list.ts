// The VMs of all connections, and which connections cannot be had.
import { t } from '@vscode/l10n';
import { displayLine } from '../../domain/plainText.js';
import { readInfos } from '../../session/infos.js';
import type { ReachedVms } from '../../session/session.js';
import { labelIn } from '../../text/connectionLabel.js';
import { failureText } from '../../text/failures/failureText.js';
import { powerWord } from '../../text/words.js';
import type { Context } from '../context.js';
import type { CommandAnswer } from '../printed.js';
import type { Answers } from '../answers.js';

export function unreachableJson({ unreachable }: Pick<ReachedVms, 'unreachable'>): Answers['list']['unreachable'] {
  return unreachable.map(({ uri, failure }) => ({
    connection: uri,
    kind: failure.kind,
    message: failureText(failure).sentence,
  }));
}

export function unreachableLines(
  { unreachable }: Pick<ReachedVms, 'unreachable'>,
  { session }: Pick<Context, 'session'>,
): readonly string[] {
  return unreachable.map(
    ({ uri, failure }) => `${labelIn(session.engine.connections, uri)}: ${failureText(failure).sentence}`,
  );
}

export async function list({ session, log }: Context): Promise<CommandAnswer> {
  const reached = await session.reachAll();
  const { views } = reached;
  const infos = await readInfos(session, views, log);
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
  return {
    answer: { vms: infos, unreachable: unreachableJson(reached) } satisfies Answers['list'],
    text: [
      rows.length === 0 ? { beside: t('There are no VMs.') } : { columns, rows },
      ...unreachableLines(reached, { session }).map((beside) => ({ beside })),
    ],
  };
}
