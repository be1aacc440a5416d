// When a schedule runs, which backups stay, and what it has of a VM that runs: asked, and as words of the command line.
import { t } from '@vscode/l10n';
import { askText } from '../../../ui/prompts/ask.js';
import { requireAnswer } from '../../../ui/prompts/commandError.js';
import { pick } from '../../../ui/prompts/pickTarget.js';
import { keepPeriods, type KeepRule } from '../repository/pruneBackups.js';
import type { Scheduler } from '../schedules/installSchedule.js';
import { isPeriod, type Schedule } from '../schedules/schedule.js';
import { everyText } from '../schedules/scheduleNews.js';
import { isOfWing } from '../../../domain/failure.js';
import { failureText } from '../../../text/failures/failureText.js';

type Rule = Pick<Schedule, 'every' | 'keep' | 'checkpoint'>;

const keepRules: readonly KeepRule[] = [
  { daily: 7 },
  { daily: 7, weekly: 4 },
  { daily: 7, weekly: 4, monthly: 12 },
  {},
];
/** Checkpoints that a schedule of the editor leaves. */
const checkpointsKept = 3;

/**
 * @param kind of backups, each VM by itself or as a system: old checkpoints of that go by its own rule
 * @param now as it is
 */
export async function askRule(
  title: string,
  scheduler: Scheduler,
  kind: 'vms' | 'system' | 'snapshots',
  now?: Schedule,
): Promise<Rule> {
  const mark = (isNow: boolean): { readonly icon?: string } => (isNow ? { icon: 'check' } : {});
  const other = t('Other…');
  const every = await pick(
    [
      ...['hour', 'day', 'week'].map((one) => ({ label: everyText(one), ...mark(now?.every === one), value: one })),
      {
        label: other,
        ...(now !== undefined && !isPeriod(now.every) && { icon: 'check', description: everyText(now.every) }),
        value: '',
      },
    ],
    t('How often?'),
    title,
  );
  const calendar = every === '' ? await askCalendar(title, scheduler, now?.every) : every;
  const known = now === undefined || keepRules.some((rule) => isSame(rule, now.keep));
  const keep = await pick(
    [...(known ? keepRules : [now.keep, ...keepRules])].map((rule) => ({
      label: keepText(rule),
      ...mark(now !== undefined && isSame(rule, now.keep)),
      value: rule,
    })),
    kind === 'snapshots'
      ? t('Which of its snapshots stay? A run deletes the others that it took.')
      : t('Which backups stay? A run deletes the others of its VMs.'),
    title,
  );
  if (kind === 'snapshots') {
    return { every: calendar, keep, checkpoint: now?.checkpoint ?? {} };
  }
  const own = now?.checkpoint ?? { ...(kind === 'vms' && { keep: checkpointsKept }) };
  const checkpoint = await pick<Rule['checkpoint']>(
    [
      { label: t('Snapshots Only'), ...mark(now !== undefined && now.checkpoint === undefined), value: undefined },
      {
        label: t('Snapshots and Current State'),
        ...mark(now?.checkpoint !== undefined),
        ...(own.keep !== undefined && {
          detail: t('Each run creates a checkpoint first. The newest {0} of these stay.', own.keep),
        }),
        value: own,
      },
    ],
    t('What is backed up of a VM that runs?'),
    title,
  );
  return { every: calendar, keep, ...(checkpoint !== undefined && { checkpoint }) };
}

const isSame = (one: KeepRule, other: KeepRule): boolean =>
  keepPeriods.every((period) => one[period] === other[period]);

/** Until systemd understands it. */
async function askCalendar(title: string, scheduler: Scheduler, now: string | undefined): Promise<string> {
  let [value, prompt] = [
    now === undefined || isPeriod(now) ? '' : now,
    t('A calendar of systemd, such as {0}', 'Mon..Fri 22:30'),
  ];
  for (;;) {
    value = requireAnswer(await askText({ title, prompt, value, ignoreFocusOut: true })).trim();
    try {
      await scheduler.choose(value);
      return value;
    } catch (error) {
      if (!isOfWing(error, 'schedules')) {
        throw error;
      }
      prompt = failureText(error).sentence;
    }
  }
}

/** Another one as the command line has it. */
function keepText(rule: KeepRule): string {
  const known = [t('7 Days'), t('7 Days and 4 Weeks'), t('7 Days, 4 Weeks and 12 Months'), t('All')];
  return known[keepRules.findIndex((one) => isSame(one, rule))] ?? keepWords(rule).join(' ');
}

function keepWords(rule: KeepRule): readonly string[] {
  return keepPeriods.flatMap((period) => (rule[period] === undefined ? [] : [`--keep-${period}=${rule[period]}`]));
}

export function ruleWords({ every, keep, checkpoint }: Rule): readonly string[] {
  return [
    `--every=${every}`,
    ...keepWords(keep),
    ...(checkpoint === undefined
      ? []
      : [
          '--checkpoint',
          ...(checkpoint.kind === undefined ? [] : [`--kind=${checkpoint.kind}`]),
          ...(checkpoint.quiesce === undefined ? [] : ['--quiesce']),
          ...(checkpoint.keep === undefined ? [] : [`--keep-checkpoints=${checkpoint.keep}`]),
        ]),
  ];
}
