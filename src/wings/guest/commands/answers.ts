// What the commands of cloud images answer with --json: see cli/answers.ts.
import * as v from 'valibot';
import { type AnswersOf, describe, flag, maybe, text, whole } from '../../../session/answerShape.js';
import { publicShapes } from '../../../session/publicTypes.js';
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
  leftNew: v.object({
    command: v.literal('recover'),
    ended: describe(
      v.object({ vm: text, deleted: flag, plan: maybe(flag) }),
      'Of a VM whose creation or deletion by virt-rewind new was interrupted.',
    ),
  }),
  new: v.object({
    command: v.literal('new'),
    created: maybe(
      v.object({
        vm: publicShapes.VmInfo,
        ready: describe(v.picklist(['agent', 'ssh']), 'What told that cloud-init has configured the guest.'),
        partly: describe(flag, 'Parts of the configuration failed.'),
        user: text,
        address: maybe(text),
        port: maybe(describe(whole, 'Of that address, until the VM is off or reverted. Absent: 22.')),
        login: maybe(describe(text, 'For a shell, where the guest can be reached.')),
      }),
    ),
    removed: maybe(describe(text, 'With --remove: the name of the VM.')),
  }),
  gdb: v.object({
    command: v.literal('gdb'),
    address: describe(text, 'A Unix socket of this user; where there is no such thing, HOST:PORT.'),
  }),
  ssh: v.object({ command: v.literal('ssh'), names: describe(v.picklist(['on', 'off']), 'With --names.') }),
} satisfies Wing['answers'];

export type GuestAnswers = AnswersOf<typeof guestAnswers>;
