// What tells one problem from another is kept in users' notes (what they were told, what they snoozed): these strings
// may not change from one release to the next.
import assert from 'node:assert/strict';
import type { Problem } from '../../../src/diagnosis/problem.js';
import { keyOf } from '../../../src/diagnosis/problemTable.js';

const ref = { connection: 'qemu:///system', uuid: 'u' };
const [snapshot, disk, file] = ['a b', 'vda', '/img/"x".qcow2'];
const folder = '/img';

const keys: readonly (readonly [Problem, string])[] = [
  [{ kind: 'chainTooDeep', disk, deltas: 9, limit: 8 }, 'qemu:///system u chainTooDeep vda'],
  [{ kind: 'chainTooDeepToStart', disk, files: 30, version: '11.0' }, 'qemu:///system u chainTooDeepToStart vda'],
  [{ kind: 'deltaTooOld', snapshot, since: 7, limitHours: 72 }, 'qemu:///system u deltaTooOld a b'],
  [{ kind: 'deltaTooOld', since: 7, limitHours: 72 }, 'qemu:///system u deltaTooOld 7'],
  [
    { kind: 'deltaTooLarge', disk, file, bytes: 2, baseBytes: 'unknown', limit: { bytes: 1 } },
    'qemu:///system u deltaTooLarge vda /img/"x".qcow2',
  ],
  [{ kind: 'deltasTooLarge', bytes: 2, limitBytes: 1 }, 'qemu:///system u deltasTooLarge'],
  [
    { kind: 'freeSpaceLow', folder, freeBytes: 1, totalBytes: 99, limitPercent: 10 },
    'qemu:///system freeSpaceLow /img',
  ],
  [
    { kind: 'freeSpaceRunsOut', folder, freeBytes: 1, bytesPerDay: 1, days: 1, limitDays: 7 },
    'qemu:///system freeSpaceRunsOut /img',
  ],
  [{ kind: 'backingMissing', disk, file }, 'qemu:///system u backingMissing vda /img/"x".qcow2'],
  [{ kind: 'mixedUndeletable', snapshots: ['a'] }, 'qemu:///system u mixedUndeletable'],
  [{ kind: 'inTrash', snapshots: 3, bytes: 7, until: 9 }, 'qemu:///system u inTrash'],
  [{ kind: 'notQuiesced', snapshot }, 'qemu:///system u notQuiesced a b'],
  [
    { kind: 'overlayMissing', snapshot, file },
    String.raw`qemu:///system u backingLost overlayMissing [["snapshot","a b"],["file","/img/\"x\".qcow2"]]`,
  ],
  [
    { kind: 'overlayMissing', file },
    String.raw`qemu:///system u backingLost overlayMissing [["file","/img/\"x\".qcow2"]]`,
  ],
  [
    { kind: 'tagMissing', snapshot, file },
    String.raw`qemu:///system u metadataWithoutFile tagMissing [["snapshot","a b"],["file","/img/\"x\".qcow2"]]`,
  ],
  [{ kind: 'tagWithoutRam', snapshot }, 'qemu:///system u metadataWithoutFile tagWithoutRam [["snapshot","a b"]]'],
  [
    { kind: 'nameIsTagId', snapshot, file: '/f', other: 'o' },
    'qemu:///system u metadataWithoutFile nameIsTagId [["snapshot","a b"],["file","/f"],["other","o"]]',
  ],
  [
    { kind: 'tagTwice', snapshot, file: '/f' },
    'qemu:///system u metadataWithoutFile tagTwice [["snapshot","a b"],["file","/f"]]',
  ],
  [
    { kind: 'memoryFileMissing', snapshot, file: '/f' },
    'qemu:///system u metadataWithoutFile memoryFileMissing [["snapshot","a b"],["file","/f"]]',
  ],
  [
    { kind: 'memoryFileBroken', snapshot, file: '/f' },
    'qemu:///system u metadataWithoutFile memoryFileBroken [["snapshot","a b"],["file","/f"]]',
  ],
  [
    { kind: 'staleMetadata', snapshot, disk, canForget: true },
    'qemu:///system u metadataWithoutFile staleMetadata [["snapshot","a b"],["disk","vda"]]',
  ],
  [{ kind: 'orphanFile', file: '/f', bytes: 1 }, 'qemu:///system u orphan orphanFile [["file","/f"]]'],
  [{ kind: 'orphanTag', file: '/f', tag: 't' }, 'qemu:///system u orphan orphanTag [["file","/f"],["tag","t"]]'],
  [
    { kind: 'onFrozenFiles', snapshot, disk, file: '/f' },
    'qemu:///system u damaged onFrozenFiles [["snapshot","a b"],["disk","vda"],["file","/f"]]',
  ],
  [{ kind: 'corruptImage', file: '/f' }, 'qemu:///system u damaged corruptImage [["file","/f"]]'],
  [
    { kind: 'backingChanged', file: '/f', overlay: '/o' },
    'qemu:///system u backingChanged backingChanged [["file","/f"],["overlay","/o"]]',
  ],
  [
    { kind: 'contentChanged', snapshot, disk, file: '/f', why: { reason: 'contentChanged', facts: {} } },
    'qemu:///system u backingChanged contentChanged [["snapshot","a b"],["disk","vda"],["file","/f"]]',
  ],
  [
    { kind: 'frozenFileShared', file: '/f', writer: 'w', owner: 'o', title: 't', snapshot },
    'qemu:///system u damaged frozenFileShared [["file","/f"],["writer","w"],["owner","o"],["title","t"]]',
  ],
  [{ kind: 'nvramNotHeld', snapshot }, 'qemu:///system u nvramNotHeld nvramNotHeld [["snapshot","a b"]]'],
  [{ kind: 'guestFrozen' }, 'qemu:///system u standsStill guestFrozen []'],
  [{ kind: 'pausedSaving' }, 'qemu:///system u standsStill pausedSaving []'],
  [{ kind: 'noCurrent', on: 'a' }, 'qemu:///system u noCurrent noCurrent []'],
  [
    { kind: 'unfinishedDelete', snapshot, disk },
    'qemu:///system u unfinishedDelete unfinishedDelete [["snapshot","a b"],["disk","vda"]]',
  ],
  [
    { kind: 'knownBadVersion', version: '9.0', why: 'longChain', source: 's' },
    'qemu:///system knownBadLibvirt {"kind":"knownBadVersion","version":"9.0","why":"longChain","source":"s"}',
  ],
];

describe('the key of a problem', () => {
  for (const [problem, key] of keys) {
    it(`is what it was: ${key}`, () => {
      assert.equal(keyOf(ref, problem), key);
    });
  }
});
