// What the picture shows before something is done: each action that is said to show it has an answer.
import assert from 'node:assert/strict';
import type { EnginePort } from '../../../src/engine/enginePort.js';
import type { OperationRequest } from '../../../src/domain/operation.js';
import { whatIfActions } from '../../../src/ui/picture/pictureMenu.js';
import { pictureWhatIf } from '../../../src/ui/picture/pictureWhatIf.js';
import { branched, now, ref, vmView } from './samples.js';

describe('the what-if of a picture', () => {
  const view = vmView({ tree: branched, favourite: 'first' });

  /** Refuses all, and tells what it was asked about. */
  function asked(action: string, snapshot: string) {
    const requests: OperationRequest[] = [];
    const decide = (wanted: readonly OperationRequest[]) => {
      requests.push(...wanted);
      return Promise.resolve(
        wanted.map((request) => ({
          request,
          decision: {
            kind: 'refusal',
            refusal: { reason: 'readOnlyConnection', facts: { vm: 'web', action: 'revert' } },
          },
        })),
      );
    };
    const engine = { findVm: () => view, decide } as unknown as EnginePort;
    const shown = pictureWhatIf(engine, {
      ref,
      action,
      title: action,
      snapshot,
      reading: { now },
      revert: { after: 'running', checkpointFirst: true },
      trashDays: 0,
    });
    return shown.then((whatIf) => ({ whatIf, requests }));
  }

  it('is there for each action that shows one', async () => {
    assert.ok(whatIfActions.size > 3);
    for (const id of whatIfActions) {
      const ofPresent = id.endsWith('Favourite') || id.endsWith('consolidate');
      const { whatIf } = await asked(id, ofPresent ? '' : 'first');
      assert.equal(whatIf?.answer, 'refused', id);
    }
  });

  it('is of no VM that was made of this one', async () => {
    const { whatIf } = await asked('virtRewind.consolidate', '\0other');
    assert.equal(whatIf, undefined);
  });

  it('is of a revert to the favourite, from “You are here”', async () => {
    const { requests } = await asked('virtRewind.revertToFavourite', '');
    assert.deepEqual(
      requests.map((request) => [request.kind, 'snapshot' in request && request.snapshot]),
      [
        ['revert', 'first'],
        ['revert', 'first'],
      ],
    );
  });
});
