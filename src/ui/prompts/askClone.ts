// What is asked before a VM is made of another one: what it begins with, linked or full, its name, its network, how
// many.
import { t } from '@vscode/l10n';
import { type CloneNetwork, freeCloneName, isCloneName, mostForks } from '../../domain/clone.js';
import { hasSeed } from '../../domain/cloudSeed.js';
import type { OperationRequest } from '../../domain/operation.js';
import { displayLine } from '../../domain/plainText.js';
import type { Snapshot } from '../../domain/snapshot.js';
import type { DecidedRequests } from '../../engine/enginePort.js';
import type { ForkPoint } from '../../engine/forks.js';
import type { VmView } from '../../live/views.js';
import { bytesText } from '../../text/bytesText.js';
import { relativeAge } from '../../text/relativeAge.js';
import { warningText } from '../../text/questions/warningText.js';
import { kindWords, powerWord } from '../../text/words.js';
import { askText } from './ask.js';
import { requireAnswer } from './commandError.js';
import { type Choice, pick } from './pickTarget.js';
import { refusalChoice } from './refusalChoice.js';

type CloneRequest = Extract<OperationRequest, { kind: 'clone' }>;
type DecidedClone = DecidedRequests<readonly CloneRequest[]>[number];

/** A title with which of how many questions it is. */
type Steps = (title: string) => string;

/** As the editor itself shows it; asked for in turn. @param of how many are asked */
export function inSteps(of: number): Steps {
  let at = 0;
  return (title) => {
    at += 1;
    return of < 2 ? title : t('{0} ({1}/{2})', title, at, of);
  };
}

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
    description: isOff ? powerWord(vm) : t('not available now'),
    detail: isOff
      ? t('Current state of the VM')
      : t('The VM is {0}, so its disks are changing. Fork it instead.', powerWord(vm)),
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
  return pick(choices, t('Select the state to clone'), t('Clone {0}', vm.name));
}

/** What cannot be done is shown with its reason; a pick shows the whole reason. */
export async function pickWay(
  view: VmView,
  decided: DecidedRequests<readonly CloneRequest[]>,
  step: Steps,
): Promise<DecidedClone> {
  const choices = decided.map((one) => wayChoice(view, one));
  const can = choices.filter(({ value }) => value.decision.kind === 'plan');
  const cannot = choices.filter(({ value }) => value.decision.kind === 'refusal');
  return pick([...can, ...cannot], t('Linked or full clone?'), step(t('Clone {0}', view.vm.name)));
}

function wayChoice(view: VmView, value: DecidedClone): Choice<DecidedClone> {
  const { request, decision } = value;
  const label = request.way === 'linked' ? t('Linked') : t('Full');
  if (decision.kind === 'refusal') {
    return refusalChoice(label, decision.refusal, value);
  }
  const says =
    request.way === 'linked'
      ? t('Uses the files of the VM: the snapshot below the clone cannot be deleted while the clone exists.')
      : t('Copies the disks: the clone does not depend on the VM.');
  const minds = decision.warnings
    .filter(({ kind }) => kind !== 'cloneKeepsIdentity')
    .map((warning) => warningText(warning, decision, view));
  return {
    label,
    description:
      request.way === 'linked'
        ? t('created at once, uses almost no space')
        : t('up to {0}', bytesText(decision.spaceBytes ?? 0)),
    detail: [says, ...minds].join(' '),
    value,
  };
}

/** What is wrong with it; undefined: nothing. @param taken names of the VMs of the connection */
function nameProblem(name: string, taken: ReadonlySet<string>): string | undefined {
  if (!isCloneName(name)) {
    return t('Use at most 80 letters, digits, dots, dashes and underscores.');
  }
  return taken.has(name) ? t('A VM named {0} already exists.', name) : undefined;
}

/** Checked as it is typed. @param word what several of them are told apart by a number */
export async function askCloneName(
  { vm }: VmView,
  taken: ReadonlySet<string>,
  word: 'clone' | 'fork',
  step: Steps,
  count = 1,
): Promise<string> {
  const name = await askText({
    title: step(word === 'clone' ? t('Name of the Clone of {0}', vm.name) : t('Name of the Fork of {0}', vm.name)),
    prompt:
      count > 1 ? t('The other forks get the same name with “-fork” at the end.') : t('Its files get the same name.'),
    value: freeCloneName(vm.name, taken, word),
    ignoreFocusOut: true,
    problem: (text) => nameProblem(text.trim(), taken),
  });
  return requireAnswer(name).trim();
}

/** The first is what it is unless told otherwise. */
export async function pickNetwork({ vm }: VmView, word: 'clone' | 'fork', step: Steps): Promise<CloneNetwork> {
  const same: Choice<CloneNetwork> =
    word === 'clone'
      ? {
          label: t('Same Network'),
          description: t('with its own MAC addresses'),
          detail: hasSeed(vm)
            ? t('At its first start, cloud-init gives it its own machine ID, SSH host keys, host name and network.')
            : t('Machine ID, SSH host keys and static addresses are the same as those of the VM.'),
          value: 'same',
        }
      : {
          label: t('Same Network'),
          description: t('conflicts: two VMs with the same address'),
          detail: t('Both VMs use the same MAC and IP address and disturb each other.'),
          value: 'same',
        };
  const unplugged: Choice<CloneNetwork> = {
    label: t('No Network'),
    description: t('all network cables are unplugged'),
    detail: t('Use its console or display.'),
    value: 'unplugged',
  };
  const title = step(word === 'clone' ? t('Clone {0}', vm.name) : t('Fork {0}', vm.name));
  return pick(word === 'clone' ? [same, unplugged] : [unplugged, same], t('Select the network'), title);
}

/** The first is what it is unless told otherwise. */
export async function pickStay({ vm }: VmView, step: Steps): Promise<'stays' | 'goes'> {
  const choices: readonly Choice<'stays' | 'goes'>[] = [
    {
      label: t('Keep'),
      description: t('until you delete it'),
      detail: t('You can shut it down and start it again.'),
      value: 'stays',
    },
    {
      label: t('Delete When Off'),
      description: t('with its files'),
      detail: t('Deleted as soon as it is off, unless it has its own snapshots.'),
      value: 'goes',
    },
  ];
  return pick(choices, t('What happens to each fork when it is off?'), step(t('Fork {0}', vm.name)));
}

/** Asks how many forks to create. @param point the snapshot that is created for them */
export async function askCount({ vm }: VmView, point: ForkPoint | undefined, step: Steps): Promise<number> {
  const isCount = (text: string): boolean => /^\d{1,2}$/u.test(text) && Number(text) >= 1 && Number(text) <= mostForks;
  const ram = bytesText(vm.memoryBytes);
  const count = await askText({
    title: step(t('Fork {0}', displayLine(vm.name))),
    prompt:
      point === undefined
        ? t('Number of forks. Each needs up to {0} of RAM.', ram)
        : t(
            'Number of forks. Each needs up to {0} of RAM. The snapshot “{1}” (up to {2}) is created first and stays on the VM.',
            ram,
            point.request.title,
            bytesText(point.bytes),
          ),
    value: '1',
    ignoreFocusOut: true,
    problem: (text) => (isCount(text.trim()) ? undefined : t('Enter a number from {0} to {1}.', 1, mostForks)),
  });
  return Number(requireAnswer(count).trim());
}
