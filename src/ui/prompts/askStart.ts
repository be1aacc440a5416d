// What is asked to order the start of a system: which VM, after which others it starts, and what makes it count as up.
import { t } from '@vscode/l10n';
import {
  longestSeconds,
  parsePlace,
  parseProgram,
  parseSeconds,
  type TcpPlace,
  placeText,
  type ProgramLine,
  programText,
  usualSeconds,
} from '../../domain/startWait.js';
import type { SystemMember, VirtualSystem } from '../../domain/system.js';
import { circleIn, withStart } from '../../systems/startOrder.js';
import { circleText, startLine } from '../../text/systems/startText.js';
import { askSeveral, askText } from './ask.js';
import { requireAnswer } from './commandError.js';
import { type Choice, pick } from './pickTarget.js';

export type UpKind = 'nothing' | 'agent' | 'port' | 'program' | 'time';

/** More than that is not written down of a program. */
const longestProgram = 500;
const mostArguments = 100;

/** Each row says when it starts now. Asks nothing where there is only one. */
export async function pickMember({ name, members }: VirtualSystem): Promise<SystemMember> {
  const choices = members.map((member) => ({
    label: member.name,
    description: startLine(member, members),
    value: member,
  }));
  const [first, ...others] = choices;
  return first !== undefined && others.length === 0 ? first.value : pick(choices, t('Select a VM'), titleOf(name));
}

/** UUIDs. Those that would wait for it say so; a tick shows the whole reason. */
export async function pickBefore(
  { members }: VirtualSystem,
  { uuid, name, after = [] }: SystemMember,
): Promise<readonly string[]> {
  const choices = members
    .filter((other) => other.uuid !== uuid)
    .map((other): Choice<string> => {
      const circle = circleIn(withStart(members, uuid, { after: [other.uuid] }));
      return {
        label: other.name,
        isPicked: after.includes(other.uuid),
        ...(circle.length === 0
          ? { description: startLine(other, members) }
          : { icon: 'circle-slash', description: t('not available now'), detail: circleText(circle) }),
        value: other.uuid,
      };
    });
  return choices.length === 0
    ? []
    : requireAnswer(
        await askSeveral(choices, t('Select the VMs that must be ready before {0} starts', name), [], titleOf(name)),
      );
}

/** What it is now comes first. */
export async function pickUp({ name, wait }: SystemMember, hasAgent: boolean): Promise<UpKind> {
  const is: UpKind = wait === undefined ? 'nothing' : wait.kind === 'command' ? 'program' : wait.kind;
  const agent = hasAgent ? undefined : t('The VM has no guest agent.');
  const choices: readonly Choice<UpKind>[] = [
    { label: t('Nothing'), detail: t('Ready as soon as it runs.'), value: 'nothing' },
    { label: t('The Guest Agent'), detail: agent ?? t('Ready when its guest agent answers.'), value: 'agent' },
    { label: t('A TCP Port'), detail: t('Ready when the port accepts connections.'), value: 'port' },
    {
      label: t('A Program in the Guest'),
      detail: agent ?? t('Ready when the program exits with code 0. Runs it repeatedly until then.'),
      value: 'program',
    },
    { label: t('A Delay'), detail: t('Ready when the time is over.'), value: 'time' },
  ];
  const [now, others] = [choices.filter(({ value }) => value === is), choices.filter(({ value }) => value !== is)];
  return pick([...now, ...others], t('Select what the VMs after {0} wait for', name), titleOf(name));
}

export function askPlace({ name, wait }: SystemMember): Promise<TcpPlace> {
  return askParsed(name, parsePlace, {
    prompt: t('Port (without a host: a port of the VM)'),
    placeHolder: '5432',
    ...(wait?.kind === 'port' && { value: placeText(wait) }),
    problem: () => t('Write a port as 22, host:22 or [::1]:22.'),
  });
}

export function askProgram({ name, wait }: SystemMember): Promise<ProgramLine> {
  const value = wait?.kind === 'command' ? programText(wait) : undefined;
  const parse = (text: string): ProgramLine | undefined => {
    const line = text.length > longestProgram ? undefined : parseProgram(text);
    return line === undefined || line.args.length > mostArguments ? undefined : line;
  };
  return askParsed(name, parse, {
    prompt: t('Program and arguments (no shell)'),
    placeHolder: 'systemctl is-active nginx',
    ...(value !== undefined && { value }),
    problem: (text) =>
      text === ''
        ? t('Type a command.')
        : t('At most {0} characters and {1} arguments.', longestProgram, mostArguments),
  });
}

export function askSeconds({ name, wait }: SystemMember, up: Exclude<UpKind, 'nothing'>): Promise<number> {
  return askParsed(name, parseSeconds, {
    prompt: up === 'time' ? t('Number of seconds') : t('Longest wait, in seconds'),
    value: String(wait?.seconds ?? usualSeconds),
    problem: () => t('Enter a number from {0} to {1}.', 0, longestSeconds),
  });
}

interface InputBox {
  readonly prompt: string;
  readonly placeHolder?: string;
  readonly value?: string;
  /** The problem of a text that cannot be read. */
  readonly problem: (text: string) => string;
}

async function askParsed<T>(name: string, parse: (text: string) => T | undefined, box: InputBox): Promise<T> {
  const text = await askText({
    ...box,
    title: titleOf(name),
    ignoreFocusOut: true,
    problem: (typed) => (parse(typed.trim()) === undefined ? box.problem(typed.trim()) : undefined),
  });
  return requireAnswer(parse(requireAnswer(text).trim()));
}

/** @param name of a system, or of a VM of it */
function titleOf(name: string): string {
  return t('Start Order of {0}', name);
}
