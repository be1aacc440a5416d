// What is said of when a VM of a system starts, and of VMs that would wait for each other.
import { t } from '@vscode/l10n';
import { displayLine } from '../../domain/plainText.js';
import type { StartWait, SystemMember } from '../../domain/system.js';

export function startWords({ after = [], wait }: SystemMember, members: readonly SystemMember[]): readonly string[] {
  const names = members.filter(({ uuid }) => after.includes(uuid)).map(({ name }) => displayLine(name));
  return [
    ...(names.length === 0 ? [] : [t('starts after {0}', names.join(', '))]),
    ...(wait === undefined ? [] : [waitWords(wait)]),
  ];
}

/** All of it in a line: also that it waits for nobody, and how long those after it wait. */
export function startLine(member: SystemMember, members: readonly SystemMember[]): string {
  const { after = [], wait } = member;
  return [
    ...(members.some(({ uuid }) => after.includes(uuid)) ? [] : [t('starts immediately')]),
    ...startWords(member, members),
    ...(wait === undefined || wait.kind === 'time' ? [] : [t('at most {0} s', wait.seconds)]),
  ].join(' · ');
}

/** @param names of all that would not start */
export function circleText(names: readonly string[]): string {
  const all = names.map((name) => displayLine(name, 40)).join(', ');
  return t('These VMs wait for each other in a circle, so none of them can start: {0}.', all);
}

/** What the same is as a failure: nobody wrote the order down. */
export function circleWording(names: readonly string[]): { readonly sentence: string; readonly nextStep: string } {
  return {
    sentence: circleText(names),
    nextStep: t('Nothing was changed. Let one of these VMs wait for fewer others.'),
  };
}

function waitWords(wait: StartWait): string {
  switch (wait.kind) {
    case 'agent':
      return t('ready when its guest agent answers');
    case 'port':
      return wait.host === undefined
        ? t('ready when port {0} answers', wait.port)
        : t('ready when port {0} of {1} answers', wait.port, displayLine(wait.host, 40));
    case 'time':
      return t('ready after {0} s', wait.seconds);
    case 'command':
      return t('ready when {0} exits with code 0', displayLine(wait.program, 40));
  }
}
