// What the commands of several hosts answer with --json: see cli/answers.ts.
import * as v from 'valibot';
import { type AnswersOf, describe, maybe, text, whole } from '../../../session/answerShape.js';
import type { Wing } from '../../wing.js';

const paths = v.array(text);
const runs = describe(v.boolean(), 'It goes on running there.');

const names = v.array(text);
const given = v.array(
  v.object({
    ...{ vm: text, uuid: text },
    resource: describe(text, 'What the cluster calls it.'),
    config: describe(text, 'The file that the cluster starts it from.'),
  }),
);
const then = v.array(
  v.object({
    resource: text,
    vm: maybe(describe(text, 'The VM that it is here, where that is known.')),
    from: text,
    what: describe(
      v.picklist(['movedLive', 'movedCold', 'restarted', 'lost']),
      'movedCold: libvirt refuses to move a VM with snapshots. lost: it runs nowhere.',
    ),
    to: maybe(text),
  }),
);

export const clusterAnswers = {
  cluster: v.object({
    command: v.literal('cluster'),
    plan: maybe(
      v.object({
        vms: given,
        commands: describe(names, 'The same in the shell of the cluster.'),
        fencing: describe(names, 'Fence devices that answer.'),
        same: describe(names, 'Other nodes that have the same files.'),
        unknown: describe(names, 'Nodes that cannot be asked for them.'),
        lost: describe(v.array(v.object({ node: text, resources: names })), 'What would run nowhere if a node failed.'),
      }),
    ),
    given: maybe(given),
    removed: maybe(describe(names, 'What the cluster called them.')),
    whatIf: maybe(v.object({ node: text, fails: then, emptied: then })),
  }),
  move: v.object({
    command: v.literal('move'),
    plan: maybe(
      v.object({
        ...{ vm: text, uuid: text, to: text, snapshots: whole, bytes: whole },
        runs,
        send: describe(paths, 'Files that are sent.'),
        shared: describe(paths, 'Files on storage that both hosts have.'),
        mediaMissing: describe(paths, 'Media in its drives that the other host has not.'),
      }),
    ),
    moved: maybe(
      v.object({
        ...{ vm: text, uuid: text, from: text, to: text, snapshots: whole },
        runs,
        stopMs: maybe(describe(whole, 'Milliseconds that the guest stood still, where they were counted.')),
        trashed: describe(paths, 'Its files on its own host, which are in the trash beside where they were.'),
      }),
    ),
  }),
} satisfies Wing['answers'];

export type ClusterAnswers = AnswersOf<typeof clusterAnswers>;
