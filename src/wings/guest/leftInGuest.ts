// What the wing leaves where it is interrupted in creating or removing a VM, for every shell. What somebody has used
// since counts as made.
import { t } from '@vscode/l10n';
import { displayLine } from '../../domain/plainText.js';
import type { LeftByWing } from '../../session/leftWork.js';
import { dismissTitle } from '../../text/operations/interruptedOperationText.js';
import { usedSinceText } from '../../text/words.js';
import { endLeft, leftOf, leftQuestion, newVmStore, withRecord } from './make/removeNewVm.js';

export const leftInGuest: LeftByWing = async (session, named, log) => {
  const store = newVmStore(session, log);
  const record = await leftOf(store, session, named);
  if (record === undefined) {
    return [];
  }
  const { name, vms } = record;
  const shown = displayLine(name);
  const answerOf = (deleted: boolean, more: object = {}): object => ({ ended: { vm: name, deleted, ...more } });
  return [
    {
      look: async () => {
        const question = await leftQuestion(record, session);
        const answer = answerOf(question !== undefined, { plan: true });
        return { answer, lines: [question ?? usedSinceText(name), t('Nothing was changed.')] };
      },
      question: async (how) => {
        if (how === 'dismiss') {
          return { lines: [dismissTitle(shown)], confirm: t('Mark as Resolved') };
        }
        const question = await leftQuestion(record, session);
        const isProtected = vms.some((vm) => session.isProtected({ ...vm, name }));
        return question === undefined
          ? undefined
          : { lines: [question], confirm: t('Delete'), ...(isProtected && { typed: name }) };
      },
      end: async (how, onStep) => {
        const notes: string[] = [];
        const goes = await withRecord(store, record, async (open) => {
          await (how === 'dismiss' && open.put({ phase: 'ready' }));
          const making = { session, environment: process.env, onStep, onNote: (line: string) => notes.push(line) };
          return how === 'finish' && endLeft(open, making);
        });
        const told = goes === true ? [t('Deleted {0} and its files.', shown)] : [];
        return { answer: answerOf(goes === true), lines: [...notes, ...told] };
      },
    },
  ];
};
