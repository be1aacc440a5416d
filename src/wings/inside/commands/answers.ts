// What the commands of files in guests answer with --json: see cli/answers.ts.
import * as v from 'valibot';
import { type AnswersOf, describe, flag, maybe, text, whole } from '../../../session/answerShape.js';
import type { Wing } from '../../wing.js';

const guestNode = v.object({
  kind: v.picklist(['file', 'folder', 'link', 'other']),
  bytes: whole,
  mode: maybe(describe(whole, 'st_mode.')),
  uid: maybe(whole),
  gid: maybe(whole),
  modifiedAt: describe(text, 'ISO 8601, by the clock of the guest.'),
});
export const insideAnswers = {
  files: v.object({
    command: v.literal('files'),
    fileSystems: maybe(
      describe(
        v.array(
          v.object({
            name: describe(text, 'vda1, as a path names it: vda1:/etc.'),
            bytes: whole,
            readable: flag,
            type: maybe(describe(text, 'As blkid calls it.')),
            label: maybe(text),
            journal: maybe(v.picklist(['none', 'clean', 'replayed', 'notReplayed'])),
          }),
        ),
        'Without an action; by the action one of the others.',
      ),
    ),
    entries: maybe(
      v.array(
        v.object({
          name: describe(text, 'Bytes that are no text as \\xNN.'),
          kind: v.picklist(['file', 'folder', 'link', 'other']),
          bytes: whole,
          mode: maybe(describe(whole, 'st_mode.')),
          uid: maybe(whole),
          gid: maybe(whole),
          links: maybe(whole),
          modifiedAt: describe(text, 'ISO 8601, by the clock of the guest.'),
          link: maybe(describe(text, 'Where a link leads.')),
        }),
      ),
    ),
    bytes: maybe(describe(whole, 'Of the file.')),
    content: maybe(describe(text, 'The first MiB, as base64.')),
    cut: maybe(describe(flag, 'There is more.')),
    copied: maybe(
      v.object({
        path: text,
        files: whole,
        bytes: whole,
        leftOut: describe(whole, 'Devices, sockets and pipes.'),
        unread: describe(v.array(text), 'Damaged, and missing in the copy; below the folder that was copied.'),
      }),
    ),
    paths: maybe(v.array(text)),
    unread: maybe(describe(v.array(text), 'Damaged, and not searched; below the folder that was searched.')),
    restored: maybe(
      v.object({
        path: describe(text, 'In the guest.'),
        files: whole,
        bytes: whole,
        leftOut: describe(whole, 'Devices, sockets, pipes, and names that are no text.'),
        way: describe(v.picklist(['renamed', 'inPlace']), '`inPlace`: without owner, mode and time.'),
        replaced: flag,
        checkpoint: describe(text, 'Name of the snapshot with the state before.'),
        left: maybe(describe(text, 'What was there before, where it could not be deleted.')),
      }),
    ),
  }),
  changed: v.object({
    command: v.literal('changed'),
    when: maybe(
      describe(
        v.array(v.object({ before: text, after: maybe(describe(text, 'Absent: the current state.')) })),
        'With --when, in place of all else: from which snapshot to which the file changed.',
      ),
    ),
    fileSystems: v.array(
      v.object({
        name: describe(text, 'vda1, as a path names it: vda1:/etc.'),
        state: describe(
          v.picklist(['compared', 'added', 'removed', 'replaced', 'untouched', 'unreadable']),
          '`unreadable`: it may have changed, and cannot be read here.',
        ),
        type: maybe(describe(text, 'As blkid calls it.')),
        changes: maybe(
          describe(
            v.array(
              v.object({
                path: describe(text, 'From the root of the file system; a folder ends in /.'),
                change: v.picklist(['added', 'removed', 'changed']),
                parts: maybe(
                  describe(v.array(v.picklist(['type', 'content', 'link', 'mode', 'owner'])), 'Of what changed.'),
                ),
                before: maybe(guestNode),
                after: maybe(guestNode),
              }),
            ),
            'Without --stat.',
          ),
        ),
        folders: maybe(
          describe(v.array(v.object({ folder: text, added: whole, removed: whole, changed: whole })), 'With --stat.'),
        ),
        leftOut: describe(whole, 'Changes that are not listed.'),
        unreadable: describe(v.array(text), 'Paths of damaged files.'),
      }),
    ),
    packages: v.array(
      v.object({
        manager: v.picklist(['dpkg', 'apk']),
        name: text,
        architecture: text,
        before: maybe(describe(text, 'The version; absent where it was not installed.')),
        after: maybe(describe(text, 'The version; absent where it was removed.')),
      }),
    ),
    rpmChanged: describe(flag, 'The database of RPM, which is no text, changed.'),
    diff: maybe(describe(text, 'Of the text file that PATH names.')),
  }),
} satisfies Wing['answers'];

export type InsideAnswers = AnswersOf<typeof insideAnswers>;
