// Many hosts in one thread: a peer that speaks libvirt's protocol on one socket, a connection for each host. Every VM
// says the same of itself.
import { createServer } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { FrameReader, readHeader } from '../../src/libvirt/frame.js';
import { errorCodes } from '../../src/libvirt/libvirtError.js';
import { type ProcedureName, procedures, type ResultOf } from '../../src/libvirt/procedures.js';
import { KEEPALIVE_PROGRAM } from '../../src/libvirt/protocol.js';
import type { Codec } from '../../src/libvirt/xdr/codec.js';
import { XdrReader } from '../../src/libvirt/xdr/reader.js';
import { errorTo, greet, pong, replyTo } from '../unit/libvirt/fakeDaemon.js';

export interface FakeHosts {
  readonly path: string;
  readonly vms: number;
  readonly snapshots: number;
}

type Results = Partial<{ readonly [P in ProcedureName]: (args: never) => ResultOf<P> }>;

const byNumber = new Map(
  Object.entries(procedures).flatMap(([name, row]) => ('program' in row ? [] : [[row.number, name as ProcedureName]])),
);

function resultsOf({ vms, snapshots }: FakeHosts): Results {
  const uuidOf = (index: number): string => `00000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`;
  const domains = Array.from({ length: vms }, (_, index) => ({ name: `vm-${index}`, uuid: uuidOf(index), id: -1 }));
  const nameOf = (index: number): string => `snapshot-${index}`;
  const listed = Array.from({ length: snapshots }, (_, index) => ({ name: nameOf(index), dom: domains[0]! }));
  const xmlOf = (name: string, uuid: string): string =>
    `<domain type='qemu'><name>${name}</name><uuid>${uuid}</uuid><memory unit='KiB'>2097152</memory><devices>` +
    `<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/img/${name}.qcow2'/>` +
    "<target dev='vda' bus='virtio'/></disk></devices></domain>";
  const snapshotXmlOf = (name: string): Buffer => {
    const index = Number(name.slice('snapshot-'.length));
    const parent = index === 0 ? '' : `<parent><name>${nameOf(index - 1)}</name></parent>`;
    return Buffer.from(
      `<domainsnapshot><name>${name}</name><description>Step ${index}</description><state>shutoff</state>${parent}` +
        `<creationTime>${1_700_000_000 + index}</creationTime><memory snapshot='no'/><disks>` +
        `<disk name='vda' snapshot='internal'/></disks>${xmlOf('vm-0', uuidOf(0))}</domainsnapshot>`,
    );
  };
  return {
    connectGetType: () => ({ type: 'QEMU' }),
    connectGetLibVersion: () => ({ libVer: 9_000_000 }),
    connectGetVersion: () => ({ hvVer: 7_002_000 }),
    connectGetHostname: () => ({ hostname: 'far' }),
    connectGetCapabilities: () => ({ capabilities: '<capabilities/>' }),
    connectListAllDomains: () => ({ domains, ret: vms }),
    domainLookupByUuid: ({ uuid }: { readonly uuid: string }) => ({ dom: domains.find((one) => one.uuid === uuid)! }),
    domainGetState: () => ({ state: 5, reason: 0 }),
    domainGetXmlDesc: ({ dom }: { readonly dom: { readonly name: string; readonly uuid: string } }) => ({
      xml: xmlOf(dom.name, dom.uuid),
    }),
    domainIsPersistent: () => ({ persistent: 1 }),
    domainHasManagedSaveImage: () => ({ result: 0 }),
    domainSnapshotNum: () => ({ num: snapshots }),
    domainListAllSnapshots: () => ({ snapshots: listed, ret: snapshots }),
    domainSnapshotGetXmlDesc: ({ snap }: { readonly snap: { readonly name: string } }) => ({
      xml: snapshotXmlOf(snap.name),
    }),
    domainSnapshotListAllChildren: () => ({ snapshots: [], ret: 0 }),
  };
}

const hosts = workerData as FakeHosts;
const results = resultsOf(hosts);
const server = createServer((socket) => {
  const frames = new FrameReader((frame) => {
    const reader = new XdrReader(frame);
    const { program, procedure, serial } = readHeader(reader);
    if (program === KEEPALIVE_PROGRAM) {
      socket.write(pong);
      return;
    }
    const name = byNumber.get(procedure)!;
    if (greet({ name, serial, args: undefined }, socket)) {
      return;
    }
    const result = results[name] as ((args: unknown) => never) | undefined;
    const code =
      name === 'domainSnapshotCurrent' ? errorCodes.VIR_ERR_NO_DOMAIN_SNAPSHOT : errorCodes.VIR_ERR_NO_SUPPORT;
    socket.write(
      result === undefined
        ? errorTo(name, serial, code)
        : replyTo(name, serial, result((procedures[name].args as Codec<unknown>).read(reader))),
    );
  });
  socket.on('data', (chunk: Buffer) => frames.push(chunk));
  socket.on('error', () => socket.destroy());
});
server.listen(hosts.path, () => parentPort?.postMessage('ready'));
