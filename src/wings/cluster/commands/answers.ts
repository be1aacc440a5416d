// What the command of moves answers with --json: see cli/answers.ts.
import * as v from 'valibot';
import { type AnswersOf, describe, maybe, text, whole } from '../../../session/answerShape.js';
import type { Wing } from '../../wing.js';

const paths = v.array(text);
const runs = describe(v.boolean(), 'It goes on running there.');

export const clusterAnswers = {
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
