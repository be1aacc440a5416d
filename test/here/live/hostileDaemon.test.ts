// A daemon that means harm, behind a socket: what it says is bounded, called what it is, and steers nothing.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { libvirtHypervisor } from '../../../src/driver/connection/openLibvirt.js';
import { asFailure } from '../../../src/domain/asFailure.js';
import type { Failure } from '../../../src/domain/failure.js';
import type { SnapshotTree } from '../../../src/domain/snapshot.js';
import { Engine } from '../../../src/engine/engine.js';
import { Connection } from '../../../src/libvirt/connection.js';
import { defaultKeepalive } from '../../../src/libvirt/keepalive.js';
import { errorCodes, ProtocolViolation } from '../../../src/libvirt/libvirtError.js';
import { type ProcedureName, procedures, type ResultOf } from '../../../src/libvirt/procedures.js';
import { VIR_NET_CONTINUE } from '../../../src/libvirt/protocol.js';
import { vmKey } from '../../../src/live/views.js';
import { failureText } from '../../../src/text/failures/failureText.js';
import { snapshotFacts } from '../../../src/text/rows/facts.js';
import { factsMarkdown } from '../../../src/text/markdown.js';
import { silentLog } from '../../silentLog.js';
import {
  errorTo,
  eventPacket,
  type FakeCall,
  FakeDaemon,
  greet,
  packet,
  ping,
  replyTo,
  streamPacket,
} from '../../unit/libvirt/fakeDaemon.js';

const uuid = '6695eb01-f6a4-8304-79aa-97f2502e193f';
const dom = { name: 'web', uuid, id: -1 };
const nasty = 'a\u001b]0;x\u0007\u202e\r\n\u2028<b>`$(id)`\u0000../../b';
const xmlText = (text: string): string =>
  text.replace(/[&<>]/gu, (one) => `&#${one.charCodeAt(0)};`).replace(/[^\P{Cc}\r\n\t]/gu, '\u009b');
const domainXml = (name = 'web'): string =>
  `<domain type='qemu'><name>${xmlText(name)}</name><uuid>${uuid}</uuid><memory>1024</memory></domain>`;
const snapshotXml = (name: string, parent?: string): string =>
  `<domainsnapshot><name>${xmlText(name)}</name><description>${xmlText(nasty)}</description><state>shutoff</state>` +
  (parent === undefined ? '' : `<parent><name>${parent}</name></parent>`) +
  '<creationTime>1700000000</creationTime><memory snapshot="no"/></domainsnapshot>';

type Answer = (call: FakeCall, socket: Socket) => Buffer | undefined;

/** One VM without snapshots. */
const results: Partial<{ readonly [P in ProcedureName]: ResultOf<P> }> = {
  connectGetType: { type: 'QEMU' },
  connectGetLibVersion: { libVer: 9_000_000 },
  connectGetVersion: { hvVer: 7_002_000 },
  connectGetHostname: { hostname: 'far' },
  connectGetCapabilities: { capabilities: '<capabilities/>' },
  connectListAllDomains: { domains: [dom], ret: 1 },
  domainLookupByUuid: { dom },
  domainGetState: { state: 5, reason: 0 },
  domainGetXmlDesc: { xml: domainXml() },
  domainIsPersistent: { persistent: 1 },
  domainHasManagedSaveImage: { result: 0 },
  domainSnapshotNum: { num: 0 },
  domainListAllSnapshots: { snapshots: [], ret: 0 },
};

const honest: Answer = ({ name, serial }) => {
  if (name === 'ping' || name === 'pong' || name === 'stream') {
    return undefined;
  }
  const result = results[name];
  return result === undefined
    ? errorTo(
        name,
        serial,
        name === 'domainSnapshotCurrent' ? errorCodes.VIR_ERR_NO_DOMAIN_SNAPSHOT : errorCodes.VIR_ERR_NO_SUPPORT,
      )
    : replyTo(name, serial, result as never);
};

/** With these snapshots, each as it says of itself. */
const withSnapshots =
  (xmlOf: ReadonlyMap<string, string>): Answer =>
  (call, socket) => {
    if (call.name === 'domainListAllSnapshots') {
      const snapshots = [...xmlOf.keys()].map((name) => ({ name, dom }));
      return replyTo(call.name, call.serial, { snapshots, ret: snapshots.length });
    }
    if (call.name === 'domainSnapshotGetXmlDesc') {
      const { snap } = call.args as { readonly snap: { readonly name: string } };
      return replyTo(call.name, call.serial, { xml: Buffer.from(xmlOf.get(snap.name) ?? '') });
    }
    return honest(call, socket);
  };

const onCall =
  (name: FakeCall['name'], answer: (call: FakeCall) => Buffer): Answer =>
  (call, socket) =>
    call.name === name ? answer(call) : honest(call, socket);

describe('a hostile daemon', () => {
  let answer: Answer;
  let daemon: FakeDaemon;
  let engine: Engine;
  let folder: string;

  beforeEach(async () => {
    answer = honest;
    folder = await mkdtemp(join(tmpdir(), 'hostile-'));
    daemon = await FakeDaemon.start((call, socket) => {
      const bytes = greet(call, socket) ? undefined : answer(call, socket);
      if (bytes !== undefined) {
        socket.write(bytes);
      }
    });
    engine = new Engine({
      open: libvirtHypervisor(silentLog, {}),
      log: silentLog,
      journal: { folder: join(folder, 'state') },
    });
    engine.setConnections([daemon.uri]);
    const vms = new Set([vmKey({ connection: daemon.uri, uuid })]);
    engine.setAttention({ visible: true, connections: new Set([daemon.uri]), vms });
  });
  afterEach(async () => {
    engine.dispose();
    await daemon.stop();
    // It is told nothing that it could turn into a file of ours elsewhere.
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name !== 'state'),
      [],
    );
    await rm(folder, { recursive: true });
  });

  const read = async (): Promise<SnapshotTree> => {
    await engine.connect(daemon.uri);
    return engine.readTree({ connection: daemon.uri, uuid });
  };
  const failure = async (): Promise<Failure> => {
    try {
      await read();
    } catch (error) {
      return asFailure(error);
    }
    return assert.fail('it was believed');
  };

  it('that is none is read', async () => {
    assert.deepEqual((await read()).snapshots, []);
  });

  const number = procedures.domainListAllSnapshots.number;
  const broken: readonly (readonly [what: string, answer: Answer])[] = [
    ['another serial', onCall('domainListAllSnapshots', () => packet({ procedure: number, serial: 999 }))],
    ['the answer to another call', onCall('domainListAllSnapshots', ({ serial }) => packet({ procedure: 1, serial }))],
    [
      'a list of four thousand million',
      onCall('domainListAllSnapshots', ({ serial }) =>
        packet({ procedure: number, serial }, (w) => w.u32(0xffff_ffff)),
      ),
    ],
    [
      'a name of ten million characters',
      onCall('domainListAllSnapshots', ({ serial }) =>
        packet({ procedure: number, serial }, (w) => {
          w.u32(1);
          w.string('x'.repeat(10_000_000), 10_000_000);
        }),
      ),
    ],
    ['a packet of four gigabytes', onCall('domainListAllSnapshots', () => Buffer.alloc(64, 0xff))],
    [
      'an event that nobody asked for',
      onCall('domainListAllSnapshots', () => packet({ procedure: 9_999, type: 2, serial: 1 })),
    ],
  ];
  for (const [what, answered] of broken) {
    it(`has broken the protocol by ${what}`, async () => {
      answer = answered;
      const { kind } = await failure();
      assert.equal(kind, 'protocol');
      assert.equal(daemon.sockets.filter(({ readyState }) => readyState === 'open').length <= 1, true);
    });
  }

  const unreadable: readonly (readonly [what: string, xml: string])[] = [
    ['a bomb of entities', `<!DOCTYPE a [<!ENTITY b "bb">]>${domainXml()}`],
    ['no VM at all', '<domain/>'],
    ['nesting without end', '<domain>'.repeat(100_000)],
    ['an open end', '<domain><name>'],
  ];
  for (const [what, xml] of unreadable) {
    it(`is told of by one VM that cannot be read: ${what}`, async () => {
      answer = onCall('domainGetXmlDesc', ({ serial }) => replyTo('domainGetXmlDesc', serial, { xml }));
      await engine.connect(daemon.uri);
      await assert.rejects(engine.readTree({ connection: daemon.uri, uuid }), { kind: 'failed' });
      assert.equal(engine.connections[0]?.state, 'connected');
    });
  }

  it('says what it likes in an error, and steers no reader', async () => {
    const said = `${nasty} ${'x'.repeat(1_000_000)}`;
    answer = onCall('domainListAllSnapshots', ({ serial }) => errorTo('domainListAllSnapshots', serial, 1, said));
    const { sentence, nextStep } = failureText(await failure());
    assert.doesNotMatch(`${sentence}${nextStep}`, /[\p{Cc}\u202e\u2028]/u);
    assert.ok(sentence.length < 2_000, `${sentence.length} characters`);
  });

  it('names snapshots as it likes, in circles and twice, and steers no reader', async () => {
    const names = ['a', 'b', 'self', nasty];
    const parents = new Map([
      ['a', 'b'],
      ['b', 'a'],
      ['self', 'self'],
    ]);
    answer = withSnapshots(new Map(names.map((name) => [name, snapshotXml(name, parents.get(name))])));
    const tree = await read();
    assert.equal(tree.snapshots.length, names.length);
    for (const snapshot of tree.snapshots) {
      const markdown = factsMarkdown(snapshotFacts(snapshot, { size: undefined } as never, { now: 0 }));
      assert.doesNotMatch(markdown, /(?![\n\t])[\p{Cc}\u202e]/u);
    }
  });

  it('has a chain of three thousand snapshots', async () => {
    const names = Array.from({ length: 3_000 }, (_, index) => `s${index}`);
    answer = withSnapshots(
      new Map(names.map((name, index) => [name, snapshotXml(name, index === 0 ? undefined : `s${index - 1}`)])),
    );
    assert.equal((await read()).snapshots.length, names.length);
  });

  it('lists a VM twice: it is one', async () => {
    const domains = [dom, { ...dom, name: 'other' }, dom];
    answer = onCall('connectListAllDomains', ({ serial }) =>
      replyTo('connectListAllDomains', serial, { domains, ret: 3 }),
    );
    const { vms } = await engine.connect(daemon.uri);
    assert.equal(vms.length, 1);
  });

  it('tells of VMs that are not there, ten thousand times, and each is asked for once', async () => {
    answer = (call, socket) =>
      call.name === 'domainLookupByUuid' && (call.args as { readonly uuid: string }).uuid !== uuid
        ? errorTo(call.name, call.serial, errorCodes.VIR_ERR_NO_DOMAIN)
        : honest(call, socket);
    await read();
    const before = daemon.calls.length;
    const events = Array.from({ length: 10_000 }, (_, index) => {
      const other = `${uuid.slice(0, -4)}${(index % 100).toString().padStart(4, '0')}`;
      return eventPacket('lifecycle', { dom: { name: 'x', uuid: other, id: index }, event: 2, detail: 0 });
    });
    daemon.socket.write(Buffer.concat(events));
    await daemon.next((call) => call.name === 'domainLookupByUuid' && call.args !== undefined);
    await engine.refresh();
    assert.ok(daemon.calls.length - before < 1_000, `${daemon.calls.length - before} calls`);
    assert.deepEqual(
      engine.connections[0]?.vms.map(({ ref }) => ref.uuid),
      [uuid],
    );
  });

  it('asks for signs of life and reads none of them: they do not pile up', () => {
    const stream = new Duplex({ read: () => undefined, write: () => undefined });
    const options = { uri: 'test:///default', readOnly: false, log: silentLog, keepalive: defaultKeepalive };
    const connection = new Connection(stream, options);
    stream.emit('data', Buffer.concat(Array.from({ length: 200_000 }, () => ping)));
    assert.ok(stream.writableLength < 1_000_000, `${stream.writableLength} bytes wait`);
    connection.fail(new Error('the end of the test'));
  });

  it('sends a stream before it has opened it: no more is kept than a page', async () => {
    const many = Buffer.concat(
      Array.from({ length: 40 }, () => streamPacket('domainOpenConsole', 1, VIR_NET_CONTINUE, 'x'.repeat(250_000))),
    );
    const stream = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
    const options = { uri: 'test:///default', readOnly: false, log: silentLog, keepalive: defaultKeepalive };
    const connection = new Connection(stream, options);
    const opening = connection.openStream('domainOpenConsole', { dom, devName: undefined, flags: 0 });
    stream.emit('data', many);
    await assert.rejects(opening, ProtocolViolation);
  });
});
