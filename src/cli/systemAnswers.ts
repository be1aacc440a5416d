// What the commands of systems and labs answer with --json.
import * as v from 'valibot';
import { describe, flag, maybe, text, whole } from '../session/answerShape.js';
import { memberOutcomes, publicShapes } from '../session/publicTypes.js';

const { SystemInfo, SystemOutcome, SystemPowerOutcome } = publicShapes;

export const byHand = describe(v.array(text), 'The same by hand, for a POSIX shell.');
const anything = v.record(text, v.unknown());

/** As they are called. */
const onSystem = [
  ...(['checkpoint', 'revert', 'undo', 'delete'] as const),
  ...(['system checkpoint', 'system revert', 'system undo', 'system delete', 'lab reset'] as const),
] as const;
const power = ['start', 'stop', 'system start', 'system stop'] as const;

const prunedPoint = {
  title: text,
  createdAt: describe(text, 'ISO 8601, UTC.'),
};
const stayingPoint = v.object({
  ...prunedPoint,
  reason: v.picklist(['stands', 'kept', 'away', 'needed', 'changed', 'cancelled', 'failed']),
  message: text,
});

const problems = describe(
  v.array(v.object({ line: whole, column: whole, endLine: whole, endColumn: whole, message: text })),
  'What is wrong with the file; lines and columns from 1.',
);

export const systemAnswers = {
  level: v.object({
    command: v.literal('level check'),
    level: v.object({
      file: text,
      problems,
      score: maybe(describe(v.object({ steps: whole, bytes: whole }), 'With --play: of its own acts.')),
    }),
  }),
  levels: v.object({
    command: v.literal('level list'),
    levels: v.array(
      v.object({
        id: describe(text, 'Of a file, its name.'),
        title: text,
        languages: describe(v.array(text), 'None: its texts have one language.'),
        steps: whole,
        best: maybe(describe(whole, 'The fewest operations.')),
      }),
    ),
  }),
  lab: v.object({
    command: v.picklist(['lab check', 'lab create']),
    lab: v.object({
      file: text,
      name: maybe(text),
      state: v.picklist(['absent', 'ready', 'unfinished']),
      vms: v.array(
        v.object({
          key: describe(text, 'Its name in the file.'),
          name: text,
          uuid: text,
          connection: text,
          made: describe(flag, '`false`: it was there before, and stays.'),
        }),
      ),
      problems,
      differences: describe(
        v.array(
          v.object({
            kind: v.picklist([
              'absent',
              'unfinished',
              'vm',
              'parts',
              'hardware',
              'image',
              'order',
              'point',
              'network',
              'off',
            ]),
            vm: maybe(text),
            message: text,
          }),
        ),
        'Between the file and what was made of it.',
      ),
    }),
  }),
  labPlan: v.object({
    command: v.literal('lab create'),
    labPlan: v.object({
      name: text,
      file: text,
      vms: v.array(v.object({ name: text, made: flag })),
      points: v.array(text),
      asks: describe(flag, 'A question comes first, which --yes answers.'),
    }),
  }),
  labDestroyed: v.object({
    command: v.literal('lab destroy'),
    labDestroyed: v.object({
      file: text,
      removed: v.array(text),
      plan: maybe(describe(flag, '`true`: they would be, and nothing was done.')),
    }),
  }),
  labFile: v.object({ command: v.literal('lab export'), labFile: v.object({ file: maybe(text), text }) }),
  systems: v.object({
    command: v.picklist([
      'system list',
      'system create',
      'system rename',
      'system rename-point',
      'system order',
      'system recover',
      'system forget',
    ]),
    systems: v.array(SystemInfo),
  }),
  systemOperation: v.object({
    command: v.picklist(onSystem),
    system: text,
    result: SystemOutcome,
  }),
  systemPower: v.object({
    command: v.picklist(power),
    system: text,
    result: SystemPowerOutcome,
  }),
  systemPlan: v.object({
    command: v.picklist([...onSystem, ...power]),
    system: text,
    plan: v.object({
      operation: v.picklist(['checkpoint', 'revert', 'delete', 'start', 'shutDown']),
      members: v.array(
        v.object({
          name: text,
          uuid: text,
          connection: text,
          commands: byHand,
          losses: v.array(text),
          snapshot: maybe(text),
          checkpoint: maybe(text),
        }),
      ),
      asks: describe(flag, 'It needs --yes.'),
      needsName: describe(flag, 'It needs --name with the name of the system.'),
    }),
  }),
  systemPrunePlan: v.object({
    command: v.literal('system prune'),
    system: text,
    prunePlan: v.object({
      points: describe(
        v.array(v.object(prunedPoint)),
        'These go, the oldest first; none: there is nothing to do, and nothing was done.',
      ),
      stays: v.array(stayingPoint),
      commands: v.array(text),
      asks: flag,
      needsName: flag,
    }),
  }),
  systemPruned: v.object({
    command: v.literal('system prune'),
    system: text,
    pruned: v.object({ deleted: v.array(v.object(prunedPoint)), stays: v.array(stayingPoint) }),
  }),
  systemComparison: v.object({
    command: v.literal('system compare'),
    comparison: v.object({
      system: text,
      from: describe(text, 'The older restore point.'),
      to: maybe(describe(text, 'The newer one; absent: the present.')),
      members: v.array(
        v.object({
          name: text,
          hardware: maybe(
            v.array(
              v.object({
                part: text,
                id: text,
                how: v.picklist(['added', 'removed', 'changed']),
                facts: v.array(anything),
              }),
            ),
          ),
          disks: maybe(
            describe(
              v.array(
                v.object({
                  target: text,
                  bytes: maybe(describe(whole, 'At most so many differ.')),
                  why: maybe(
                    describe(v.picklist(['insideImage', 'otherBranch', 'notRead']), 'Why the bytes are not known.'),
                  ),
                }),
              ),
              'Absent where the layers could not be read.',
            ),
          ),
          unknown: maybe(
            describe(v.picklist(['away', 'vmGone', 'snapshotGone', 'notKept']), 'Why it could not be compared.'),
          ),
        }),
      ),
    }),
  }),
  systemRecovery: v.object({
    command: v.literal('system recover'),
    recovered: v.object({
      to: describe(
        v.picklist(['nothing', 'before', 'after', 'explain']),
        '`explain`: it stays, and a person has to look.',
      ),
      members: memberOutcomes,
      reason: maybe(text),
    }),
  }),
};
