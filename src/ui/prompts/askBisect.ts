// What is asked before and during a bisect: the ends of the line, the check, and whether a clone is good.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import type { CloneNetwork } from '../../domain/clone.js';
import type { Verdict } from '../../domain/bisect.js';
import { displayLine } from '../../domain/plainText.js';
import type { Snapshot } from '../../domain/snapshot.js';
import type { VmView } from '../../live/views.js';
import { relativeAge } from '../../text/relativeAge.js';
import { askText } from './ask.js';
import { requireAnswer } from './commandError.js';
import { askModal, notify } from './notify.js';
import { type Choice, pick } from './pickTarget.js';

/** @param without what it means that none is known */
export function pickKnown(
  { vm }: VmView,
  snapshots: readonly Snapshot[],
  which: 'bad' | 'good',
  without: string,
): Promise<Snapshot | undefined> {
  const now = Date.now();
  const choices: readonly Choice<Snapshot | undefined>[] = [
    { label: t('None Known'), description: without, value: undefined },
    ...snapshots
      .toSorted((one, other) => other.createdAt - one.createdAt)
      .map((snapshot) => ({
        label: snapshot.title,
        description: relativeAge(snapshot.createdAt, now),
        value: snapshot,
      })),
  ];
  const question =
    which === 'bad'
      ? t('Select the oldest snapshot that you know is bad')
      : t('Select the newest snapshot that you know is good');
  return pick(choices, question, t('Bisect {0}', vm.name));
}

/** Asks on which side of the change one row is. */
export function pickSide({ title }: Snapshot): Promise<'good' | 'bad'> {
  const name = displayLine(title);
  return pick(
    [
      { label: t('Bad'), description: t('the search ends before this snapshot'), value: 'bad' as const },
      { label: t('Good'), description: t('the search begins after this snapshot'), value: 'good' as const },
    ],
    t('Is {0} known to be good or bad?', name),
  );
}

type CheckKind = 'person' | 'guest' | 'console' | 'host';

/** What cannot be done is shown with its reason, which a pick shows. */
export async function pickCheck({ vm }: VmView): Promise<CheckKind> {
  const no = t('not available now');
  const choices: readonly Choice<CheckKind>[] = [
    {
      label: t('A Command in the Guest'),
      detail: vm.agentChannel ? t('The guest agent runs it.') : t('The VM has no guest agent.'),
      ...(!vm.agentChannel && { icon: 'circle-slash', description: no }),
      value: 'guest',
    },
    {
      label: t('A Command at the Serial Console'),
      detail: t('Typed at the console; a shell must be open without a login.'),
      value: 'console',
    },
    {
      label: t('A Command on This Computer'),
      detail: vscode.workspace.isTrusted ? t('Environment variables name the clone.') : untrustedText(),
      ...(!vscode.workspace.isTrusted && { icon: 'circle-slash', description: no }),
      value: 'host',
    },
    { label: t('Decide Manually'), detail: t('You mark each clone as good or bad.'), value: 'person' },
  ];
  return pick(choices, t('Select how to check a snapshot'), t('Bisect {0}', vm.name));
}

export function untrustedText(): string {
  return t('Commands do not run on this computer while the workspace is not trusted.');
}

export async function askCommand({ vm }: VmView, kind: Exclude<CheckKind, 'person'>): Promise<string> {
  const where = {
    guest: t('Shell command to run in the guest'),
    console: t('The command is typed at the serial console.'),
    host: t('sh runs the command on this computer. See {0} in docs/bisect.md.', '$VIRT_REWIND_DISK, $VIRT_REWIND_IP'),
  }[kind];
  const typed = await askText({
    title: t('Bisect {0}: Check', vm.name),
    prompt: `${where} ${t('Exit code 0: good. 125: skip. 1 to 124: bad.')}`,
    placeHolder: kind === 'host' ? 'curl --fail http://$VIRT_REWIND_IP/' : 'systemctl is-active nginx',
    ignoreFocusOut: true,
    problem: (text) => (text.trim() === '' ? t('Type a command.') : undefined),
  });
  return requireAnswer(typed).trim();
}

export interface CloneState {
  readonly network: CloneNetwork;
  readonly start: 'started' | 'off';
}

/** For a command on this computer. */
export function pickCloneState({ vm }: VmView): Promise<CloneState> {
  return pick(
    [
      {
        label: t('Started, on the Networks of the VM'),
        description: t('with their own addresses'),
        value: { network: 'same', start: 'started' } as const,
      },
      {
        label: t('Started, Without Network'),
        description: t('all network cables are unplugged'),
        value: { network: 'unplugged', start: 'started' } as const,
      },
      {
        label: t('Off'),
        description: t('the command reads their disks'),
        value: { network: 'unplugged', start: 'off' } as const,
      },
    ],
    t('Select the state of the clones'),
    t('Bisect {0}', vm.name),
  );
}

/**
 * Asks until somebody answers: a message is closed easily. Undefined: the person wants to stop.
 * @param look shows the clone
 */
export async function askVerdict(
  title: string,
  clone: string,
  look: () => Promise<void>,
  signal: AbortSignal,
): Promise<Verdict | undefined> {
  const buttons: Readonly<Record<string, Verdict>> = { [t('Good')]: 'good', [t('Bad')]: 'bad', [t('Skip')]: 'skip' };
  const looking = t('Examine…');
  const stopped = new Promise<'stopped'>((resolve) => {
    signal.addEventListener('abort', () => resolve('stopped'), { once: true });
    if (signal.aborted) {
      resolve('stopped');
    }
  });
  const question = t('Is {0} good? It is running as {1}.', displayLine(title), clone);
  for (;;) {
    const button = await Promise.race([notify('info', question, ...Object.keys(buttons), looking), stopped]);
    if (button === 'stopped' || signal.aborted) {
      return undefined;
    }
    if (button === looking) {
      await look();
      continue;
    }
    const sure =
      button ??
      (await askModal(
        'info',
        t('Is {0} good?', displayLine(title)),
        t('The bisect is waiting for your answer. Cancel stops it and saves the results.'),
        ...Object.keys(buttons),
        looking,
      ));
    if (sure === looking) {
      await look();
    } else {
      return sure === undefined ? undefined : buttons[sure];
    }
  }
}

type LookCommand = 'virtRewind.openConsole' | 'virtRewind.openDisplay' | 'virtRewind.showScreenshot';

export function pickLook(clone: string): Promise<LookCommand> {
  const choices: readonly Choice<LookCommand>[] = [
    { label: t('Open Console'), value: 'virtRewind.openConsole' },
    { label: t('Open Display'), value: 'virtRewind.openDisplay' },
    { label: t('Show Screenshot'), value: 'virtRewind.showScreenshot' },
  ];
  return pick(choices, t('Examine {0}', clone));
}
