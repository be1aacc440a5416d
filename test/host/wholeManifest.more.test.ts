// The last file by its name: what the others have called.
import assert from 'node:assert/strict';
import { commandIds } from '../../src/tables.js';
import { itRarely } from '../allRows.js';
import { called } from './commandRig.js';

describe('the commands of the manifest', () => {
  itRarely('have all been called by the tests before', () => {
    assert.deepEqual(
      commandIds.filter((id) => !called.has(id)),
      [],
    );
  });
});
