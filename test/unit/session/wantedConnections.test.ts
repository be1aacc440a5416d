import assert from 'node:assert/strict';
import type { WantedConnection } from '../../../src/domain/wantedConnection.js';
import { wantedConnections } from '../../../src/session/wantedConnections.js';

const hail = 'qemu+ssh://root@hail/system';
const lab: WantedConnection = { uri: 'qemu+ssh://10.0.0.7/system', name: 'lab host', readOnly: true, onDemand: true };

describe('the connections that are meant', () => {
  const mean = (
    asked: readonly string[],
    known: readonly WantedConnection[] = [],
    environment: NodeJS.ProcessEnv = {},
    uriDefault?: string,
  ): readonly WantedConnection[] =>
    wantedConnections(
      asked.map((uri) => ({ uri })),
      {
        environment,
        known,
        readConf: () => ({ aliases: new Map([['hail', hail]]), ...(uriDefault !== undefined && { uriDefault }) }),
      },
    );

  it('are as the settings have them, by name or by URI', () => {
    assert.deepEqual(mean(['lab host'], [lab]), [lab]);
    assert.deepEqual(mean([lab.uri], [lab]), [lab]);
  });

  it('may have a name of libvirt’s own', () => {
    assert.deepEqual(mean(['hail']), [{ uri: hail, name: 'hail' }]);
    assert.deepEqual(mean(['hail'], [{ uri: 'hail', readOnly: true }]), [{ uri: hail, name: 'hail', readOnly: true }]);
    assert.deepEqual(mean(['hail'], [{ uri: hail, readOnly: true }]), [{ uri: hail, readOnly: true }]);
    assert.deepEqual(mean(['hail'], [{ uri: 'qemu:///session', name: 'hail' }]), [
      { uri: 'qemu:///session', name: 'hail' },
    ]);
  });

  it('are else what was written', () => {
    assert.deepEqual(mean(['sleet', 'qemu:///system'], [lab]), [{ uri: 'sleet' }, { uri: 'qemu:///system' }]);
  });

  it('are by default those of the environment, then of libvirt’s configuration, by name too', () => {
    assert.deepEqual(mean([], [], { LIBVIRT_DEFAULT_URI: 'test:///default' }, 'hail'), [{ uri: 'test:///default' }]);
    assert.deepEqual(mean([], [], {}, 'hail'), [{ uri: hail, name: 'hail' }]);
    assert.deepEqual(mean([], [lab], { LIBVIRT_DEFAULT_URI: 'lab host' }), [lab]);
  });

  it('need no configuration where none is looked for', () => {
    const readConf = (): never => assert.fail('it is read');
    assert.deepEqual(wantedConnections([lab], { environment: {}, readConf }), [lab]);
  });
});
