// How a backup is restored: as which VM, and what else differs from all of it, as it was.
import { t } from '@vscode/l10n';
import { freeCloneName, isCloneName } from '../../../domain/clone.js';
import type { CopiedPoint } from '../../../domain/copiedVm.js';
import { displayLine } from '../../../domain/plainText.js';
import type { ConnectionView } from '../../../live/views.js';
import { askText } from '../../../ui/prompts/ask.js';
import { requireAnswer } from '../../../ui/prompts/commandError.js';
import { type Choice, pick, pickSeveral } from '../../../ui/prompts/pickTarget.js';
import type { Backup } from '../repository/backups.js';
import type { RestoreWish } from '../restore/planRestore.js';

type How = Pick<RestoreWish, 'name' | 'snapshot' | 'isolated'> & { readonly start: boolean };
type Option = 'snapshot' | 'isolated' | 'start';

/** @param readPoints reads the snapshots in the backup, each behind its parent */
export async function askHow(
  { vms }: ConnectionView,
  { vm, uuid }: Backup,
  readPoints: () => Promise<readonly CopiedPoint[]>,
): Promise<How> {
  const taken = new Set(vms.map((one) => one.vm.name));
  const isTaken = taken.has(vm) || vms.some(({ ref }) => ref.uuid === uuid);
  const asOriginal: Choice<'original' | 'new'> = {
    label: t('As the Original'),
    icon: 'discard',
    description: displayLine(vm),
    value: 'original',
  };
  const asNew: Choice<'original' | 'new'> = {
    label: t('As a New VM…'),
    icon: 'copy',
    detail: t('Another UUID and other MAC addresses. Its snapshots lose their RAM.'),
    value: 'new',
  };
  const other: Choice<'other'> = {
    label: t('Other Ways…'),
    icon: 'settings',
    detail: t('One snapshot alone, isolated, or started when it is restored.'),
    value: 'other',
  };
  const ways = isTaken ? [asNew] : [asOriginal, asNew];
  const question = t('How is {0} restored?', vm);
  const first = await pick<'original' | 'new' | 'other'>([...ways, other], question);
  const options = first === 'other' ? await askOptions() : [];
  const snapshot = options.includes('snapshot') ? await pickPoint(await readPoints()) : undefined;
  const way = first !== 'other' ? first : isTaken ? 'new' : await pick(ways, question);
  const name = way === 'new' ? await askName(vm, taken, isTaken) : undefined;
  return {
    ...(name !== undefined && { name }),
    ...(snapshot !== undefined && { snapshot }),
    isolated: options.includes('isolated'),
    start: options.includes('start'),
  };
}

function askOptions(): Promise<readonly Option[]> {
  const lines: readonly Choice<Option>[] = [
    {
      label: t('One Snapshot Alone'),
      detail: t('The VM gets its disks as they were then, and no snapshots or RAM.'),
      value: 'snapshot',
    },
    {
      label: t('Isolated'),
      detail: t('Its network cables are out, and it has no devices or folders of the host.'),
      value: 'isolated',
    },
    { label: t('Start It'), detail: t('When all of it is restored.'), value: 'start' },
  ];
  return pickSeveral(
    lines.map((line) => ({ ...line, isPicked: false })),
    t('Select what differs'),
  );
}

/** Picks a name, which is unique in the backup. The last of a branch first. */
async function pickPoint(points: readonly CopiedPoint[]): Promise<string> {
  const lines = points.toReversed().map(({ name, title, hasRam }) => ({
    label: title,
    ...(title !== name && { description: name }),
    ...(hasRam && { detail: t('The RAM of the snapshot is not loaded: the VM starts as after a power cut.') }),
    value: name,
  }));
  return pick(lines, t('Select a snapshot'));
}

async function askName(vm: string, taken: ReadonlySet<string>, isTaken: boolean): Promise<string> {
  const name = await askText({
    title: t('Name of the Restored VM'),
    prompt: isTaken
      ? t('{0} exists already, so the backup becomes a new VM beside it.', displayLine(vm))
      : t('The backup becomes a new VM.'),
    value: freeCloneName(vm, taken, 'restored'),
    ignoreFocusOut: true,
    problem: (text) =>
      !isCloneName(text.trim())
        ? t('Use at most 80 letters, digits, dots, dashes and underscores.')
        : taken.has(text.trim())
          ? t('A VM named {0} already exists.', text.trim())
          : undefined,
  });
  return requireAnswer(name).trim();
}
