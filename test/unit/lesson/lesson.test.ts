// The lesson on an engine made by hand: what its keys do at its end.
import assert from 'node:assert/strict';
import type { DemoVm } from '../../../src/domain/demoVm.js';
import type { EnginePort } from '../../../src/engine/enginePort.js';
import { Lesson } from '../../../src/lesson/lesson.js';
import { silentLog } from '../../silentLog.js';

describe('the end of a lesson', () => {
  it('removes its VM once, however often its key is pressed, and then the key does nothing', async () => {
    const vm: DemoVm = { connection: 'qemu:///session', uuid: 'u', name: 'lesson-1', folder: '/tmp/x' };
    const removed: DemoVm[] = [];
    const engine = {
      onDidChange: () => ({ dispose: () => undefined }),
      findVm: () => undefined,
      demoVms: {
        readLeftDemoVms: () => Promise.resolve([]),
        make: () => Promise.resolve(vm),
        remove: (one: DemoVm) => Promise.resolve(removed.push(one)),
      },
    } as unknown as EnginePort;
    const lesson = new Lesson({
      engine,
      log: silentLog,
      guest: '/x',
      perform: () => Promise.resolve(),
      measure: () => Promise.resolve([]),
    });
    await lesson.start(vm.connection);
    await Promise.all([lesson.end(), lesson.end()]);
    assert.deepEqual(removed, [vm]);
    await lesson.next();
    await lesson.back();
    assert.equal(lesson.view, undefined);
    assert.equal(removed.length, 1);
  });
});
