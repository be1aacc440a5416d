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

const cost = v.object({ bytes: describe(whole, 'That go from host to host.'), seconds: v.number() });
const moves = v.array(v.object({ vm: text, uuid: text, from: text, to: text, ...cost.entries }));
const emptied = v.object({
  host: text,
  moves,
  left: v.array(v.object({ vm: text, uuid: text, why: text, message: text })),
});

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
    remove: maybe(
      v.object({
        resources: describe(names, 'What the cluster calls them.'),
        rules: describe(names, 'Of others, that name them and are deleted with them: by their ids.'),
      }),
    ),
    removed: maybe(describe(names, 'What the cluster called them.')),
    whatIf: maybe(v.object({ node: text, fails: then, emptied: then })),
  }),
  hosts: v.object({
    command: v.literal('hosts'),
    bandwidth: describe(whole, 'Between hosts, in bytes a second.'),
    hosts: v.array(
      v.object({
        ...{ connection: text, name: text, processors: whole, memoryBytes: whole, availableBytes: whole, vms: whole },
        busy: maybe(describe(v.number(), 'Processors.')),
        load: describe(v.number(), 'From 0 to 1: of RAM or processors, whichever is more in use.'),
        closed: maybe(v.picklist(['readOnly', 'noLogin'])),
        sleeps: describe(v.array(text), 'How libvirt could put it to sleep.'),
        pools: v.array(v.object({ name: text, type: text, freeBytes: whole })),
      }),
    ),
    vms: v.array(
      v.object({
        ...{ vm: text, uuid: text, connection: text, state: text, memoryBytes: whole, processors: whole },
        used: maybe(describe(v.number(), 'Processors.')),
        dirtyBytes: maybe(describe(v.number(), 'That it writes to its RAM in a second.')),
        snapshots: whole,
        cost: maybe(describe(cost, 'Of a move to the host where it is least.')),
        stays: maybe(describe(text, 'Why it cannot be moved.')),
      }),
    ),
    unreachable: v.array(v.object({ connection: text, kind: text, message: text })),
    proposal: maybe(v.object({ moves, done: v.boolean() })),
    without: maybe(
      v.object({
        host: text,
        restarted: v.array(v.object({ vm: text, uuid: text, to: text })),
        lost: v.array(v.object({ vm: text, uuid: text, why: text })),
        off: v.array(v.object({ vm: text, uuid: text })),
      }),
    ),
  }),
  empty: v.object({ command: v.literal('empty'), plan: maybe(emptied), moved: maybe(emptied) }),
  move: v.object({
    command: v.literal('move'),
    plan: maybe(
      v.object({
        ...{ vm: text, uuid: text, to: text, snapshots: whole, bytes: whole },
        runs,
        send: describe(paths, 'Files that are sent.'),
        shared: describe(paths, 'Files on storage that both hosts have.'),
        mediaMissing: describe(paths, 'Media in its drives that the other host has not.'),
        ofHost: describe(v.array(text), 'Parts of the other host that it uses there.'),
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
