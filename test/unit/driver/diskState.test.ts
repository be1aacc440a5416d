import assert from 'node:assert/strict';
import { diskStates } from '../../../src/driver/run/diskState.js';

const xml = (inside: string): string =>
  `<domain><devices><disk type='file'><source file='/img/a'/>${inside}<target dev='vda'/></disk></devices></domain>`;

describe('diskStates', () => {
  it('tells the file, and the job with where it copies to', () => {
    assert.deepEqual(diskStates(xml('')).get('vda'), { file: '/img/a' });
    const mirror = "<mirror type='file' job='active-commit' ready='yes'><source file='/img/b'/></mirror>";
    assert.deepEqual(diskStates(xml(mirror)).get('vda'), {
      file: '/img/a',
      job: { kind: 'active-commit', file: '/img/b', ready: true },
    });
    const begun = "<mirror type='file' file='/img/b' format='qcow2' job='copy'/>";
    assert.deepEqual(diskStates(xml(begun)).get('vda')?.job, { kind: 'copy', file: '/img/b', ready: false });
  });

  it('knows no disk that is not there', () => {
    assert.equal(diskStates(xml('')).get('vdb'), undefined);
  });
});
