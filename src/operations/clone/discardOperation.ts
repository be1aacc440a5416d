// A clone goes, with what was made for it.
import type { OperationDefinition } from '../operationDefinition.js';
import { stateFiles } from '../../domain/chains/stateCopies.js';
import { factsOfAll, filesOfSnapshots, presentFiles, savedRamOf } from '../requiredFacts.js';
import { goOn } from '../interruptedStep.js';
import { planDiscard } from './planDiscard.js';

export const discardOperation: OperationDefinition<'discard'> = {
  plan: planDiscard,
  /** It still exists: it was to be deleted, so that is decided anew. */
  recover: (interrupted, facts) => {
    const fresh = planDiscard(interrupted.request, facts);
    return fresh.kind === 'refusal'
      ? { kind: 'explain', why: fresh.refusal, commands: [] }
      : goOn(interrupted, fresh.steps, 'after');
  },
  requiredFacts: ({ vm: { uuid } }, known) => ({
    ...factsOfAll(known),
    made: uuid,
    savedRam: known.tree.snapshots.flatMap(savedRamOf),
  }),
  requiredFiles: (_, facts) => {
    const files = facts.vm.clone?.files ?? [];
    return filesOfSnapshots(
      facts.tree.snapshots.map(({ name }) => name),
      [...presentFiles(facts), ...files.filter((file) => file.endsWith('.qcow2'))],
      [...stateFiles(facts.vm), ...files.filter((file) => !file.endsWith('.qcow2'))],
      facts,
    );
  },
  refusesPaths: () => 'unclear',
  mindsCheckpoints: () => false,
};
