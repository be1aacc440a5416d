// The one welcome that fits a view without rows.
import assert from 'node:assert/strict';
import type { ConnectionView } from '../../../src/live/views.js';
import type { WelcomeState } from '../../../src/manifest/contextKeyTable.js';
import { Failure, type FailureDetails } from '../../../src/domain/failure.js';
import { welcomeOf } from '../../../src/ui/tree/welcome.js';
import { connectionView, vmView } from './samples.js';

const denied = connectionView({ state: 'failed', loaded: false, failure: new Failure('denied', { group: 'libvirt' }) });
const absent = connectionView({ state: 'failed', loaded: false, failure: new Failure('unreachable') });
const busy = connectionView({ state: 'failed', loaded: false, failure: new Failure('busy') });
const connecting = connectionView({ state: 'connecting', loaded: false });
const idle = connectionView({ state: 'idle', loaded: false });
const empty = connectionView();
const full = connectionView({ vms: [vmView()] });
const farAway = { ...absent, uri: 'qemu+ssh://build/system' };

const cases: readonly (readonly [string, readonly ConnectionView[], WelcomeState])[] = [
  ['no connection', [], 'noConnections'],
  ['not asked yet', [idle], 'connecting'],
  ['connecting', [connecting, idle], 'connecting'],
  ['connected, VMs not read yet', [connectionView({ loaded: false })], 'connecting'],
  ['no VMs', [empty, empty], 'noVms'],
  ['VMs', [absent, full], 'none'],
  ['a lost connection that had VMs', [{ ...absent, vms: [vmView()] }], 'none'],
  ['no daemon', [absent, absent], 'noLibvirt'],
  ['no permission', [denied, absent], 'denied'],
  ['no permission and an empty session', [denied, empty], 'none'],
  ['a failure of another kind', [busy], 'none'],
  ['one failed while another still connects', [absent, connecting], 'none'],
  ['a computer elsewhere', [farAway], 'none'],
];

describe('welcome', () => {
  for (const [name, connections, state] of cases) {
    it(`${state} for ${name}`, () => {
      assert.equal(welcomeOf(connections).state, state);
    });
  }

  it('names the group that may', () => {
    assert.equal(welcomeOf([denied]).deniedGroup, 'libvirt');
    assert.equal(welcomeOf([connectionView({ state: 'failed', failure: new Failure('denied') })]).deniedGroup, '');
  });

  it('says what else helps', () => {
    const entry = (details: FailureDetails): string =>
      welcomeOf([connectionView({ state: 'failed', loaded: false, failure: new Failure('denied', details) })])
        .deniedEntry;
    assert.deepEqual(
      [entry({ group: 'libvirt' }), entry({}), entry({ entry: 'noPolkit' }), entry({ entry: 'newLogin' })],
      ['group', 'unknown', 'noPolkit', 'newLogin'],
    );
  });
});
