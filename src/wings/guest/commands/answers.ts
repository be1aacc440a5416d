// What the commands of cloud images answer with --json: see cli/answers.ts.
import * as v from 'valibot';
import { type AnswersOf, describe, maybe, text, whole } from '../../../session/answerShape.js';
import type { Wing } from '../../wing.js';

export const guestAnswers = {
  images: v.object({
    command: v.literal('images'),
    images: v.array(
      v.object({
        name: text,
        address: maybe(describe(text, 'Absent: no catalogue has it any more.')),
        kept: maybe(v.object({ bytes: whole, fetchedAt: describe(text, 'ISO 8601.') })),
      }),
    ),
  }),
} satisfies Wing['answers'];

export type GuestAnswers = AnswersOf<typeof guestAnswers>;
