// What is asked before a VM is made of another one: what it begins with, linked or full, its name, its network, how many.
import { t } from '@vscode/l10n';
import { type CloneNetwork, freeCloneName, isCloneName, mostForks } from '../../domain/clone.js';
import type { OperationRequest } from '../../domain/operation.js';
import { displayLine } from '../../domain/plainText.js';
import type { Snapshot } from '../../domain/snapshot.js';
import type { DecidedRequests, EnginePort } from '../../engine/enginePort.js';
import type { VmView } from '../../live/views.js';
import { bytesText } from '../../text/bytesText.js';
import { relativeAge } from '../../text/relativeAge.js';
import { warningText } from '../../text/warningText.js';
import { kindWords, powerWord } from '../../text/words.js';
import { askText } from './ask.js';
import { requireAnswer } from './commandError.js';
import { type Choice, pick } from './pickTarget.js';
import { refusalChoice } from './refusalChoice.js';

type CloneRequest = Extract<OperationRequest, { kind: 'clone' }>;
type DecidedClone = DecidedRequests<readonly CloneRequest[]>[number];

/** Its name; undefined: what the VM is now. Asks nothing where there is only one of it. */
export async function pickBeginning(view: VmView, snapshots: readonly Snapshot[]): Promise<string | undefined> {
  if (snapshots.length === 0) {
    return undefined;
  }
  const { vm } = view;
  const isOff = vm.power === 'off';
  const now = Date.now();
  const present: Choice<string | undefined> = {
    label: t('You are here'),
    description: isOff ? powerWord(vm) : t('not possible now'),
    detail: isOff ? t('What the VM is now.') : t('Its disks change while it is {0}. Fork it instead.', powerWord(vm)),
    ...(!isOff && { icon: 'circle-slash' }),
    value: undefined,
  };
  const others = snapshots
    .toSorted((one, other) => other.createdAt - one.createdAt)
    .map((snapshot) => ({
      label: snapshot.title,
      description: `${kindWords(snapshot)} · ${relativeAge(snapshot.createdAt, now)}`,
      value: snapshot.name,
    }));
  const choices: readonly Choice<string | undefined>[] = isOff ? [present, ...others] : [...others, present];
  return pick(choices, t('What should the clone begin with?'), t('Clone {0}', vm.name));
}

/** What cannot be done is shown, with why; whoever picks it is told the whole reason. */
export async function pickWay(
  engine: Pick<EnginePort, 'decide'>,
  view: VmView,
  request: CloneRequest,
): Promise<DecidedClone> {
  const ways = (['linked', 'full'] as const).map((way) => ({ ...request, way }));
  const decided = await engine.decide(ways);
  const choices = decided.map((one) => wayChoice(view, one));
  const can = choices.filter(({ value }) => value.decision.kind === 'plan');
  const cannot = choices.filter(({ value }) => value.decision.kind === 'refusal');
  return pick([...can, ...cannot], t('Linked or full?'), t('Clone {0}', view.vm.name));
}

function wayChoice(view: VmView, value: DecidedClone): Choice<DecidedClone> {
  const { request, decision } = value;
  const label = request.way === 'linked' ? t('Linked') : t('Full');
  if (decision.kind === 'refusal') {
    return refusalChoice(label, decision.refusal, value);
  }
  const says =
    request.way === 'linked'
      ? t('Stands on the files of the VM: the snapshot below it stays as long as the clone does.')
      : t('Copies of the disks: it needs nothing of the VM.');
  const minds = decision.warnings
    .filter(({ kind }) => kind !== 'cloneKeepsIdentity')
    .map((warning) => warningText(warning, decision, view));
  return {
    label,
    description:
      request.way === 'linked'
        ? t('made in a moment, takes next to nothing')
        : t('up to {0}', bytesText(decision.spaceBytes ?? 0)),
    detail: [says, ...minds].join(' '),
    value,
  };
}

/** What is wrong with it; undefined: nothing. @param taken names of the VMs of the connection */
function nameProblem(name: string, taken: ReadonlySet<string>): string | undefined {
  if (!isCloneName(name)) {
    return t('Use letters, digits, dots, dashes and underscores, at most 80.');
  }
  return taken.has(name) ? t('There is a VM {0} already.', name) : undefined;
}

/** Checked as it is typed. @param word what several of them are told apart by a number */
export async function askCloneName(
  { vm }: VmView,
  taken: ReadonlySet<string>,
  word: 'clone' | 'fork',
  count = 1,
): Promise<string> {
  const name = await askText({
    title: word === 'clone' ? t('Name of the Clone of {0}', vm.name) : t('Name of the Forks of {0}', vm.name),
    prompt:
      count > 1 ? t('The others get the same name with “-fork” at its end.') : t('Its files are called after it.'),
    value: freeCloneName(vm.name, taken, word),
    ignoreFocusOut: true,
    problem: (text) => nameProblem(text.trim(), taken),
  });
  return requireAnswer(name).trim();
}

/** The first is what it is unless told otherwise. */
export async function pickNetwork({ vm }: VmView, word: 'clone' | 'fork'): Promise<CloneNetwork> {
  const same: Choice<CloneNetwork> =
    word === 'clone'
      ? {
          label: t('The Same Network'),
          description: t('with MAC addresses of its own'),
          detail: t('Machine ID, SSH host keys and an address set by hand are those of the VM.'),
          value: 'same',
        }
      : {
          label: t('The Same Network'),
          description: t('two VMs with one address'),
          detail: t('It and the VM have the same MAC and IP address, and disturb each other.'),
          value: 'same',
        };
  const unplugged: Choice<CloneNetwork> = {
    label: t('Unplugged'),
    description: t('all cables are out'),
    detail: t('It is reached by its console and its display.'),
    value: 'unplugged',
  };
  const title = word === 'clone' ? t('Clone {0}', vm.name) : t('Fork {0}', vm.name);
  return pick(word === 'clone' ? [same, unplugged] : [unplugged, same], t('Which network?'), title);
}

/** The first is what it is unless told otherwise. @param count of forks */
export async function pickStay({ vm }: VmView, count: number): Promise<'stays' | 'goes'> {
  const choices: readonly Choice<'stays' | 'goes'>[] = [
    {
      label: t('Keep'),
      description: t('until you throw it away'),
      detail: t('It can be switched off and started again.'),
      value: 'stays',
    },
    {
      label: t('Throw Away When Off'),
      description: t('with its files'),
      detail: t('As soon as it is shut down or switched off, unless it has snapshots of its own by then.'),
      value: 'goes',
    },
  ];
  const place = count > 1 ? t('What becomes of each when it is off?') : t('What becomes of it when it is off?');
  return pick(choices, place, t('Fork {0}', vm.name));
}

/** Of forks. */
export async function askCount({ vm }: VmView): Promise<number> {
  const isCount = (text: string): boolean => /^\d{1,2}$/u.test(text) && Number(text) >= 1 && Number(text) <= mostForks;
  const count = await askText({
    title: t('Fork {0}', displayLine(vm.name)),
    prompt: t('How many? Each goes on from this moment, and may come to need {0} of RAM.', bytesText(vm.memoryBytes)),
    value: '1',
    ignoreFocusOut: true,
    problem: (text) => (isCount(text.trim()) ? undefined : t('Type a number from 1 to {0}.', mostForks)),
  });
  return Number(requireAnswer(count).trim());
}
