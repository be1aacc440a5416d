// What each command of the command line answers with --json, beside the version: docs/command-line.schema.json is made
// of it. An answer whose shape only a wing knows is that wing's.
import * as v from 'valibot';
import { vmWaits } from '../domain/wait.js';
import { type AnswersOf, describe, flag, maybe, text, whole } from '../session/answerShape.js';
import { memberOutcomes, publicShapes, told } from '../session/publicTypes.js';
import { byHand, systemAnswers } from './systemAnswers.js';

const { VmInfo, SnapshotInfo, DiskInfo, OperationOutcome, ProblemInfo, RecoveryOutcome, ProgramOutcome } = publicShapes;

const unreachable = v.array(v.object({ connection: text, kind: text, message: text }));
const lines = v.array(v.object({ kind: text, text }));
const limits = describe(
  v.record(text, v.record(text, v.number())),
  'By target or MAC address: by the names of libvirt; what is not limited is absent.',
);
const anything = v.record(text, v.unknown());

/** Commands that plan an operation on one VM, and carry it out. */
const planned = [
  'checkpoint',
  'revert',
  'undo',
  'redo',
  'delete',
  'clone',
  'discard',
  'start',
  'stop',
  'pause',
  'resume',
  'consolidate',
  'disk',
  'prune',
  'doctor',
] as const;

const verdict = v.picklist(['good', 'bad', 'skip']);

export const answers = {
  ...systemAnswers,
  error: v.object({
    command: text,
    error: v.object({
      kind: describe(text, 'Stable.'),
      message: describe(text, 'What happened, what state things are in, what to do next.'),
      exitCode: whole,
      candidates: maybe(describe(v.array(text), 'What an ambiguous name fits.')),
      reason: maybe(describe(text, 'Of a refusal: which rule, as in docs/refusals.md.')),
      members: maybe(memberOutcomes),
    }),
  }),
  list: v.object({ command: v.literal('list'), vms: v.array(VmInfo), unreachable }),
  tree: v.object({
    command: v.literal('tree'),
    vm: VmInfo,
    snapshots: describe(v.array(SnapshotInfo), 'The oldest first.'),
  }),
  operation: v.object({
    command: v.picklist([...planned, 'keep']),
    vm: VmInfo,
    clone: maybe(VmInfo),
    result: v.union([v.literal('nothing to do'), OperationOutcome]),
  }),
  plan: v.object({
    command: v.picklist(planned),
    vm: VmInfo,
    plan: v.object({
      operation: text,
      losses: lines,
      warnings: lines,
      commands: byHand,
      snapshot: maybe(text),
      checkpoint: maybe(text),
      deletes: maybe(v.array(text)),
      trashes: maybe(describe(v.array(text), 'Of delete --trash: what would go to the trash, and be there still.')),
      estimateMs: maybe(whole),
      spaceBytes: maybe(whole),
      asks: describe(flag, 'It needs --yes.'),
      needsName: describe(flag, 'It needs --name.'),
    }),
  }),
  fork: v.object({
    command: v.literal('fork'),
    vm: VmInfo,
    snapshot: describe(text, 'What they began with.'),
    forks: v.array(VmInfo),
  }),
  wait: v.object({
    command: v.literal('wait'),
    vm: VmInfo,
    waited: v.object({ for: v.picklist([...vmWaits, 'port']), durationMs: whole }),
  }),
  watch: v.object({
    command: v.literal('watch'),
    acts: describe(
      v.array(v.object({ vm: VmInfo, at: text, act: v.picklist(['restart', 'revert']), failure: maybe(text) })),
      'What was done after crashes, oldest first.',
    ),
    left: describe(v.array(VmInfo), 'VMs that crashed too often.'),
  }),
  run: v.object({
    command: v.literal('run'),
    vm: VmInfo,
    program: ProgramOutcome,
  }),
  copy: v.object({
    command: v.literal('copy'),
    vm: VmInfo,
    copied: v.object({ to: v.picklist(['guest', 'host']), path: describe(text, 'Where it is now.'), bytes: whole }),
  }),
  disks: v.object({
    command: v.literal('disk'),
    vm: VmInfo,
    disks: v.array(DiskInfo),
  }),
  speed: v.object({ command: v.literal('speed'), vm: VmInfo, limits: v.object({ disks: limits, networks: limits }) }),
  'renew-identity': v.object({
    command: v.literal('renew-identity'),
    vm: VmInfo,
    renewed: describe(v.array(v.picklist(['seed', 'machineId', 'hostKeys'])), 'Without what the guest does not have.'),
  }),
  bisect: v.object({
    command: v.literal('bisect'),
    vm: maybe(VmInfo),
    plan: maybe(describe(v.array(text), 'With --plan: what would be done.')),
    bisect: v.object({
      vm: text,
      uuid: text,
      connection: text,
      state: v.picklist(['found', 'unfinished']),
      newestGood: maybe(describe(text, 'Name of a snapshot; absent where none is good.')),
      oldestBad: maybe(describe(text, 'Name of a snapshot; absent where none is bad.')),
      suspects: describe(
        v.array(text),
        'Each may be the first bad one; one where it is known, none where all are good.',
      ),
      line: describe(
        v.array(
          v.object({
            name: text,
            title: text,
            verdicts: v.array(
              v.object({
                verdict: verdict,
                tries: describe(
                  v.array(
                    v.object({
                      verdict: verdict,
                      exit: maybe(whole),
                      why: maybe(v.picklist(['late', 'noStart'])),
                    }),
                  ),
                  'None where a person said so beforehand.',
                ),
              }),
            ),
          }),
        ),
        'The restore points that are searched, oldest first.',
      ),
      check: v.picklist(['host', 'guest', 'console', 'person']),
      tries: whole,
      clones: describe(v.array(text), 'Not known to be gone.'),
    }),
  }),
  doctor: v.object({
    command: v.literal('doctor'),
    vm: VmInfo,
    problems: v.array(
      v.object({
        ...ProblemInfo.entries,
        repairs: maybe(ProblemInfo.entries.repairs),
        repairable: describe(flag, 'One of its repairs is possible now.'),
      }),
    ),
    abilities: v.array(
      v.object({
        kind: text,
        can: v.picklist(['yes', 'byUs', 'untried', 'no']),
        reason: maybe(text),
        message: maybe(text),
      }),
    ),
  }),
  health: v.object({
    command: v.picklist(['health', 'system health']),
    vms: v.array(
      v.object({
        vm: VmInfo,
        problems: v.array(v.object(told)),
        unknown: describe(v.array(text), 'Checks that could not be made.'),
        failure: maybe(text),
      }),
    ),
    unreachable,
  }),
  history: v.object({
    command: v.literal('history'),
    entries: describe(
      v.array(
        v.object({
          at: text,
          user: text,
          shell: maybe(describe(text, 'The editor or command line.')),
          vm: anything,
          connection: maybe(text),
          system: maybe(describe(text, 'The name of the system that it was done with, as long as the log knows.')),
          request: describe(
            anything,
            'Of the kind `agent`: what an agent asked for by a tool; what came of it has entries of its own.',
          ),
          outcome: text,
          durationMs: maybe(v.number()),
          failure: maybe(text),
          command: maybe(text),
          entry: maybe(describe(text, 'What undo, redo and restore-state take.')),
        }),
      ),
      'The newest first; written by other programs too: do not trust it.',
    ),
  }),
  restore: v.object({
    command: v.literal('restore-state'),
    vm: VmInfo,
    entries: describe(
      v.array(
        v.object({
          entry: text,
          what: text,
          undoneBy: maybe(text),
          refused: maybe(describe(text, 'Why it cannot be undone: nothing was done then.')),
        }),
      ),
      'What is undone, in this order.',
    ),
    done: describe(whole, 'How many were undone.'),
  }),
  recovery: v.object({
    command: v.literal('recover'),
    vm: VmInfo,
    recovered: maybe(
      v.object({ end: v.picklist(['nothing', 'finish', 'dismiss']), outcomes: v.array(RecoveryOutcome) }),
    ),
    interrupted: maybe(
      describe(
        v.array(
          v.object({
            operation: text,
            startedAt: text,
            to: RecoveryOutcome,
            commands: v.array(text),
            reason: maybe(text),
            message: maybe(text),
          }),
        ),
        'Of --plan: the oldest first.',
      ),
    ),
  }),
};

export type Answers = AnswersOf<typeof answers>;
