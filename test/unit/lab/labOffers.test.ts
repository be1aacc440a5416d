// What is offered above a lab file: only what is possible now.
import assert from 'node:assert/strict';
import { labOffers } from '../../../src/lab/labOffers.js';

describe('the offers above a lab file', () => {
  const table: readonly (readonly [string, Parameters<typeof labOffers>[0], string])[] = [
    ['of which nothing was made', { isRight: true, isTrusted: true }, 'create'],
    ['with an error, of which nothing was made', { isRight: false, isTrusted: true }, ''],
    ['whose lab is there', { phase: 'ready', isRight: true, isTrusted: true }, 'reset check destroy'],
    [
      'whose lab is there, with other steps',
      { phase: 'ready', isRight: true, isTrusted: true, isChanged: true },
      'update reset check destroy',
    ],
    [
      'that is not trusted, with other steps',
      { phase: 'ready', isRight: true, isTrusted: false, isChanged: true },
      'check',
    ],
    ['with an error, whose lab is there', { phase: 'ready', isRight: false, isTrusted: true }, 'reset check destroy'],
    ['whose lab is half made', { phase: 'making', isRight: true, isTrusted: true }, 'create check destroy'],
    ['with an error, whose lab is half made', { phase: 'making', isRight: false, isTrusted: true }, 'check destroy'],
    ['that is not trusted', { isRight: true, isTrusted: false }, ''],
    ['that is not trusted, whose lab is there', { phase: 'ready', isRight: true, isTrusted: false }, 'check'],
  ];
  for (const [what, lab, offers] of table) {
    it(what, () => assert.equal(labOffers(lab).join(' '), offers));
  }
});
