import assert from 'node:assert/strict';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runOk } from '../../scripts/rig/run.mjs';
import { startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { openConnection } from '../../src/libvirt/connect.js';
import type { Connection } from '../../src/libvirt/connection.js';
import type { EventName, EventOf } from '../../src/libvirt/events.js';
import * as flags from '../../src/libvirt/flags.js';
import { ConnectionLost, errorCodes, LibvirtError } from '../../src/libvirt/libvirtError.js';
import { type ArgsOf, type ProcedureName, procedures, type ResultOf } from '../../src/libvirt/procedures.js';
import type { Domain, domainSnapshot } from '../../src/libvirt/structs.js';
import type { ValueOf } from '../../src/libvirt/xdr/codec.js';
import { typedParameterMap } from '../../src/libvirt/structs.js';
import { silentLog } from '../silentLog.js';
import { qemuProcesses } from '../qemuProcesses.js';

type Daemon = Awaited<ReturnType<typeof startPrivateDaemon>>;

const called = new Set<ProcedureName>();
let daemon: Daemon;
let connection: Connection;

/** Every call of this file goes through here, so that the last test can tell which procedures were never called. */
function call<P extends ProcedureName>(procedure: P, args: ArgsOf<P>, on = connection): Promise<ResultOf<P>> {
  called.add(procedure);
  return on.call(procedure, args);
}

async function refused(code: keyof typeof errorCodes, promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof LibvirtError, String(error));
    assert.equal(error.code, errorCodes[code], error.message);
    return true;
  });
}

/** The next message that fits, from a listener that goes again; what starts it must be done by `act`. */
async function eventAfter<E extends EventName>(
  event: E,
  fits: (message: EventOf<E>) => boolean,
  act: () => Promise<unknown>,
): Promise<EventOf<E>> {
  let arrived: (message: EventOf<E>) => void = () => undefined;
  const seen = new Promise<EventOf<E>>((resolve) => (arrived = resolve));
  const listening = await connection.on(event, (message) => {
    if (fits(message)) {
      arrived(message);
    }
  });
  await act();
  const message = await seen;
  listening.dispose();
  return message;
}

/** No kernel: it stops in the firmware, which is all that these calls need. */
function vmXml(name: string, disk?: string): string {
  const device =
    disk === undefined
      ? ''
      : `<disk type='file'><driver name='qemu' type='qcow2'/><source file='${disk}'/><target dev='vda' bus='virtio'/></disk>`;
  return `<domain type='qemu'><name>${name}</name><memory unit='MiB'>32</memory><vcpu>1</vcpu>
    <os><type arch='x86_64' machine='pc'>hvm</type></os><features><acpi/></features>
    <devices>${device}<controller type='usb' model='none'/><memballoon model='none'/>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel></devices></domain>`;
}

const networkXml = "<network><name>of-a-test</name><ip address='192.168.200.1' netmask='255.255.255.0'/></network>";

const snapshotXml = (name: string, more = ''): string =>
  `<domainsnapshot><name>${name}</name><description>ü &lt; 8</description>${more}</domainsnapshot>`;

describe('every procedure, against a real libvirtd', () => {
  let dom: Domain;

  before(async () => {
    daemon = await startPrivateDaemon();
    connection = await openConnection(daemon.uri, { log: silentLog, environment: daemon.env });
    for (const procedure of ['authList', 'connectOpen', 'connectRegisterCloseCallback'] as const) {
      called.add(procedure);
    }
  });
  after(async () => {
    connection.close();
    await daemon.stop();
  });

  const state = async (): Promise<number> => (await call('domainGetState', { dom, flags: 0 })).state;
  const start = (): Promise<unknown> => call('domainCreateWithFlags', { dom, flags: 0 });
  const lifecycle = (event: number, act: () => Promise<unknown>): Promise<EventOf<'lifecycle'>> =>
    eventAfter('lifecycle', (message) => message.dom.name === 'vm' && message.event === event, act);

  it('the daemon and its host', async () => {
    assert.deepEqual(await call('connectGetType', {}), { type: 'QEMU' });
    assert.ok((await call('connectGetVersion', {})).hvVer > 2_000_000);
    assert.ok((await call('connectGetLibVersion', {})).libVer > 5_000_000);
    assert.notEqual((await call('connectGetHostname', {})).hostname, '');
    assert.match((await call('connectGetUri', {})).uri, /^qemu:\/\/\/(system|session)$/);
    assert.match((await call('connectGetCapabilities', {})).capabilities, /^<capabilities>/);
    const { capabilities: able } = await call('connectGetDomainCapabilities', {
      ...{ emulatorbin: undefined, arch: 'x86_64', machine: undefined, virttype: 'qemu', flags: 0 },
    });
    assert.ok(able.startsWith('<domainCapabilities>'));
    // A host whose firmware says nothing, or that has no dmidecode, has none.
    const told = await call('connectGetSysinfo', { flags: 0 }).catch((error: unknown) => error);
    assert.ok(
      told instanceof LibvirtError || (told as { sysinfo: string }).sysinfo.startsWith("<sysinfo type='smbios'>"),
    );
    const { params: busy } = await call('nodeGetCpuStats', {
      cpuNum: flags.VIR_NODE_CPU_STATS_ALL_CPUS,
      nparams: 4,
      flags: 0,
    });
    assert.ok(busy.find(({ field }) => field === 'user')!.value > 0);
    const cellNum = flags.VIR_NODE_MEMORY_STATS_ALL_CELLS;
    const { params: memory } = await call('nodeGetMemoryStats', { nparams: 4, cellNum, flags: 0 });
    assert.ok(
      memory.find(({ field }) => field === 'total')!.value > memory.find(({ field }) => field === 'free')!.value,
    );
    // There is nothing to authenticate.
    await assert.rejects(call('authPolkit', {}), LibvirtError);
    await assert.rejects(call('authSaslInit', {}), LibvirtError);
    await assert.rejects(call('authSaslStart', { mech: 'PLAIN', nil: 0, data: [0, -61] }), LibvirtError);
    await assert.rejects(call('authSaslStep', { nil: 1, data: [] }), LibvirtError);
  });

  it('definition and lookup', async () => {
    const disk = join(daemon.dir, 'vm.qcow2');
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', disk, '16M']);
    const defined = await eventAfter(
      'lifecycle',
      ({ event }) => event === flags.VIR_DOMAIN_EVENT_DEFINED,
      async () => ({ dom } = await call('domainDefineXmlFlags', { xml: vmXml('vm', disk), flags: 0 })),
    );
    assert.deepEqual(defined.dom, dom);
    assert.equal(dom.id, -1);
    assert.deepEqual(await call('domainLookupByUuid', { uuid: dom.uuid }), { dom });
    assert.deepEqual(await call('connectListAllDomains', { needResults: 1, flags: 0 }), { domains: [dom], ret: 1 });
    assert.deepEqual(await call('domainIsPersistent', { dom }), { persistent: 1 });
    await call('domainSetAutostart', { dom, autostart: 1 });
    assert.deepEqual(await call('domainGetAutostart', { dom }), { autostart: 1 });
    await call('domainSetAutostart', { dom, autostart: 0 });
    const { xml } = await call('domainGetXmlDesc', { dom, flags: flags.VIR_DOMAIN_XML_INACTIVE });
    assert.ok(xml.includes(disk));
    const other = await call('domainDefineXmlFlags', { xml: vmXml('other'), flags: 0 });
    await call('domainUndefineFlags', { ...other, flags: flags.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA });
    await refused('VIR_ERR_NO_DOMAIN', call('domainLookupByUuid', { uuid: other.dom.uuid }));
  });

  it('power', async () => {
    await lifecycle(flags.VIR_DOMAIN_EVENT_STARTED, () => start());
    assert.equal(await state(), flags.VIR_DOMAIN_RUNNING);
    assert.deepEqual(
      await call('domainSendKey', { dom, codeset: 0, holdtime: 1, keycodes: [29, 56, 60], flags: 0 }),
      {},
    );
    await lifecycle(flags.VIR_DOMAIN_EVENT_SUSPENDED, () => call('domainSuspend', { dom }));
    assert.equal(await state(), flags.VIR_DOMAIN_PAUSED);
    await lifecycle(flags.VIR_DOMAIN_EVENT_RESUMED, () => call('domainResume', { dom }));
    const nobodys = "<interface type='user'><mac address='52:54:00:00:00:01'/><link state='down'/></interface>";
    await refused(
      'VIR_ERR_DEVICE_MISSING',
      call('domainUpdateDeviceFlags', { dom, xml: nobodys, flags: flags.VIR_DOMAIN_DEVICE_MODIFY_LIVE }),
    );
    const lost = "<disk type='file' device='disk'><source file='/nowhere'/><target dev='vdx' bus='virtio'/></disk>";
    const next = { dom, xml: lost, flags: flags.VIR_DOMAIN_AFFECT_CONFIG };
    assert.deepEqual(await call('domainAttachDeviceFlags', next), {});
    assert.deepEqual(await call('domainDetachDeviceFlags', next), {});
    await refused('VIR_ERR_DEVICE_MISSING', call('domainDetachDeviceFlags', next));
    await call('domainReboot', { dom, flags: flags.VIR_DOMAIN_REBOOT_ACPI_POWER_BTN });
    await call('domainShutdownFlags', { dom, flags: flags.VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN });
    await refused(
      'VIR_ERR_AGENT_UNRESPONSIVE',
      call('domainShutdownFlags', { dom, flags: flags.VIR_DOMAIN_SHUTDOWN_GUEST_AGENT }),
    );
    await refused(
      'VIR_ERR_AGENT_UNRESPONSIVE',
      call('qemuDomainAgentCommand', { dom, cmd: '{"execute":"guest-ping"}', timeout: 1, flags: 0 }),
    );
    await assert.rejects(call('domainPmWakeup', { dom, flags: 0 }), LibvirtError);
    // virDomainControlState: nothing is under way.
    assert.equal((await call('domainGetControlInfo', { dom, flags: 0 })).state, 0);
    await lifecycle(flags.VIR_DOMAIN_EVENT_STOPPED, () => call('domainDestroy', { dom }));
    await call('domainCreateWithFlags', { dom, flags: flags.VIR_DOMAIN_START_PAUSED });
    await call('domainDestroyFlags', { dom, flags: 0 });
    assert.equal(await state(), flags.VIR_DOMAIN_SHUTOFF);
  });

  it('managed save, with its job', async () => {
    await start();
    const { params } = await eventAfter(
      'jobCompleted',
      () => true,
      () => call('domainManagedSave', { dom, flags: 0 }),
    );
    assert.equal(typeof typedParameterMap(params).get('time_elapsed'), 'number');
    assert.deepEqual(await call('domainHasManagedSaveImage', { dom, flags: 0 }), { result: 1 });
    const { xml } = await call('domainManagedSaveGetXmlDesc', { dom, flags: 0 });
    assert.match(xml, /<name>vm<\/name>/);
    await call('domainManagedSaveDefineXml', { dom, dxml: xml, flags: 0 });
    await call('domainManagedSaveRemove', { dom, flags: 0 });
    assert.deepEqual(await call('domainHasManagedSaveImage', { dom, flags: 0 }), { result: 0 });
  });

  it('a saved memory file: what it says of the VM, and the VM out of it', async () => {
    const file = join(daemon.dir, 'vm.save');
    await start();
    assert.equal((await daemon.virsh(['save', 'vm', file])).code, 0);
    const { xml } = await call('domainSaveImageGetXmlDesc', { file, flags: flags.VIR_DOMAIN_SAVE_IMAGE_XML_SECURE });
    assert.match(xml, /<name>vm<\/name>/);
    const restore = { from: file, dxml: xml, flags: flags.VIR_DOMAIN_SAVE_PAUSED };
    await call('domainRestoreFlags', restore);
    assert.equal(await state(), flags.VIR_DOMAIN_PAUSED);
    await refused('VIR_ERR_OPERATION_INVALID', call('domainRestoreFlags', restore));
    await call('domainDestroy', { dom });
  });

  it('what only a guest agent can answer', async () => {
    await start();
    const unresponsive = 'VIR_ERR_AGENT_UNRESPONSIVE';
    await refused(unresponsive, call('domainGetTime', { dom, flags: 0 }));
    await refused(
      unresponsive,
      call('domainSetTime', { dom, seconds: 0, nseconds: 0, flags: flags.VIR_DOMAIN_TIME_SYNC }),
    );
    await refused(unresponsive, call('domainGetFsinfo', { dom, flags: 0 }));
    await refused(unresponsive, call('domainFsthaw', { dom, mountpoints: [], flags: 0 }));
    await refused(
      unresponsive,
      call('domainInterfaceAddresses', { dom, source: flags.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT, flags: 0 }),
    );
  });

  it("QEMU's own monitor, and the console and the display of a VM that is off", async () => {
    const cmd = JSON.stringify({ execute: 'query-status' });
    const { result } = await call('qemuDomainMonitorCommand', { dom, cmd, flags: 0 });
    assert.equal((JSON.parse(result) as { return: { status: string } }).return.status, 'running');
    // The command before it is what the hypervisor was touched by.
    const { msgs } = await call('domainGetMessages', { dom, flags: flags.VIR_DOMAIN_MESSAGE_TAINTING });
    assert.ok(msgs.length > 0, 'no taint is told');
    await call('domainDestroy', { dom });
    await refused('VIR_ERR_OPERATION_INVALID', call('domainOpenConsole', { dom, devName: undefined, flags: 0 }));
    await refused('VIR_ERR_OPERATION_INVALID', call('domainScreenshot', { dom, screen: 0, flags: 0 }));
  });

  it('jobs and statistics', async () => {
    await start();
    assert.equal((await call('domainGetJobStats', { dom, flags: 0 })).type, flags.VIR_DOMAIN_JOB_NONE);
    await refused('VIR_ERR_OPERATION_INVALID', call('domainAbortJob', { dom }));
    assert.equal((await call('domainGetBlockJobInfo', { dom, path: 'vda', flags: 0 })).found, 0);
    await refused('VIR_ERR_INVALID_ARG', call('domainBlockJobAbort', { dom, path: 'vda', flags: 0 }));
    // There is nothing below to merge it into.
    const merge = { dom, disk: 'vda', base: undefined, top: undefined, bandwidth: 0, flags: 0 };
    await refused('VIR_ERR_INVALID_ARG', call('domainBlockCommit', merge));
    const { retStats } = await call('connectGetAllDomainStats', {
      doms: [dom],
      stats: flags.VIR_DOMAIN_STATS_STATE | flags.VIR_DOMAIN_STATS_BLOCK,
      flags: flags.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT | flags.VIR_CONNECT_GET_ALL_DOMAINS_STATS_BACKING,
    });
    assert.equal(retStats.length, 1);
    const stats = typedParameterMap(retStats[0]!.params);
    assert.equal(stats.get('state.state'), flags.VIR_DOMAIN_RUNNING);
    assert.equal(stats.get('block.0.capacity'), 16 * 1024 * 1024);
  });

  it('how large a disk is', async () => {
    const size = 64 * 1024 ** 2;
    const bytes = flags.VIR_DOMAIN_BLOCK_RESIZE_BYTES;
    assert.deepEqual(await call('domainBlockResize', { dom, disk: 'vda', size, flags: bytes }), {});
    await refused('VIR_ERR_INVALID_ARG', call('domainBlockResize', { dom, disk: 'vdx', size, flags: bytes }));
  });

  it('how fast its disks and networks may be', async () => {
    const live = flags.VIR_DOMAIN_AFFECT_LIVE;
    const params = [{ field: 'total_iops_sec', value: { type: 'ullong', value: 120n } }] as const;
    assert.deepEqual(await call('domainSetBlockIoTune', { dom, disk: 'vda', params, flags: live }), {});
    const { nparams } = await call('domainGetBlockIoTune', { dom, disk: 'vda', nparams: 0, flags: live });
    const told = await call('domainGetBlockIoTune', { dom, disk: 'vda', nparams, flags: live });
    assert.equal(typedParameterMap(told.params).get('total_iops_sec'), 120);
    // It has no network.
    const none = { dom, device: 'vnet0', flags: live };
    await refused('VIR_ERR_INVALID_ARG', call('domainSetInterfaceParameters', { ...none, params: [] }));
    await refused('VIR_ERR_INVALID_ARG', call('domainGetInterfaceParameters', { ...none, nparams: 6 }));
  });

  it('how fast its RAM is written to', async () => {
    assert.deepEqual(await call('domainStartDirtyRateCalc', { dom, seconds: 1, flags: 0 }), {});
  });

  it('the parts of a move, to the host that it is on', async () => {
    const moving = flags.VIR_MIGRATE_LIVE | flags.VIR_MIGRATE_UNSAFE;
    const of = (field: string, value: string) => ({ field, value: { type: 'string', value } }) as const;
    const { cookieOut: cookieIn, xml } = await call('domainMigrateBegin3Params', { dom, params: [], flags: moving });
    assert.match(xml, /<domain/u);
    const asked = { params: [of('destination_xml', xml), of('destination_name', 'vm')], cookieIn, flags: moving };
    await refused('VIR_ERR_INTERNAL_ERROR', call('domainMigratePrepare3Params', asked));
    const nowhere = { dom, dconnuri: undefined, params: [of('migrate_uri', 'tcp://127.0.0.1:1')], cookieIn };
    await refused('VIR_ERR_INTERNAL_ERROR', call('domainMigratePerform3Params', { ...nowhere, flags: moving }));
    const none = { params: [of('destination_name', 'vm')], cookieIn, flags: moving, cancelled: 1 };
    await refused('VIR_ERR_OPERATION_INVALID', call('domainMigrateFinish3Params', none));
    const over = { dom, params: [], cookieIn, flags: moving, cancelled: 1 };
    await refused('VIR_ERR_OPERATION_INVALID', call('domainMigrateConfirm3Params', over));
    assert.deepEqual(await call('domainMigrateSetMaxDowntime', { dom, downtime: 300, flags: 0 }), {});
    assert.equal((await call('domainGetState', { dom, flags: 0 })).state, flags.VIR_DOMAIN_RUNNING);
  });

  it('snapshots', async () => {
    const create = async (name: string, more: string, createFlags: number): Promise<ValueOf<typeof domainSnapshot>> => {
      const xmlDesc = snapshotXml(name, more);
      return (await call('domainSnapshotCreateXml', { dom, xmlDesc, flags: createFlags })).snap;
    };
    await refused('VIR_ERR_NO_DOMAIN_SNAPSHOT', call('domainSnapshotCurrent', { dom, flags: 0 }));
    const first = await create('first', '', 0);
    const second = await create('second', '', 0);
    assert.equal(first.name, 'first');
    assert.equal(first.dom.uuid, dom.uuid);
    assert.deepEqual(await call('domainSnapshotCurrent', { dom, flags: 0 }), { snap: second });
    assert.deepEqual(await call('domainSnapshotNum', { dom, flags: 0 }), { num: 2 });
    assert.deepEqual(await call('domainSnapshotLookupByName', { dom, name: 'first', flags: 0 }), { snap: first });
    const topological = flags.VIR_DOMAIN_SNAPSHOT_LIST_TOPOLOGICAL;
    assert.deepEqual(await call('domainListAllSnapshots', { dom, needResults: 1, flags: topological }), {
      snapshots: [first, second],
      ret: 2,
    });
    assert.deepEqual(await call('domainListAllSnapshots', { dom, needResults: 0, flags: 0 }), {
      snapshots: [],
      ret: 2,
    });
    assert.deepEqual(await call('domainSnapshotListAllChildren', { snap: first, needResults: 1, flags: 0 }), {
      snapshots: [second],
      ret: 1,
    });
    assert.deepEqual(await call('domainListAllCheckpoints', { dom, needResults: 1, flags: 0 }), {
      checkpoints: [],
      ret: 0,
    });
    const { xml } = await call('domainSnapshotGetXmlDesc', { snap: first, flags: 0 });
    assert.match(
      Buffer.from(xml).toString(),
      /^<domainsnapshot>[^]*<description>ü &lt; 8<\/description>[^]*<\/domainsnapshot>\n$/,
    );
    await lifecycle(flags.VIR_DOMAIN_EVENT_STARTED, () =>
      call('domainRevertToSnapshot', { snap: first, flags: flags.VIR_DOMAIN_SNAPSHOT_REVERT_PAUSED }),
    );
    assert.equal(await state(), flags.VIR_DOMAIN_PAUSED);
    await call('domainSnapshotDelete', { snap: first, flags: flags.VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN });
    assert.deepEqual(await call('domainSnapshotNum', { dom, flags: 0 }), { num: 0 });

    const outside = await create('outside', '', flags.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY);
    const job = await eventAfter(
      'blockJob2',
      ({ status }) => status === flags.VIR_DOMAIN_BLOCK_JOB_COMPLETED,
      () => call('domainSnapshotDelete', { snap: outside, flags: 0 }),
    );
    assert.equal(job.dst, 'vda');
  });

  it('pools and volumes', async () => {
    const folder = await mkdtemp(join(daemon.dir, 'pool-'));
    await writeFile(join(folder, 'base.raw'), Buffer.alloc(65_536, 1));
    const poolXml = (name: string): string =>
      `<pool type='dir'><name>${name}</name><target><path>${folder}</path></target></pool>`;
    await refused('VIR_ERR_NO_STORAGE_POOL', call('storagePoolLookupByTargetPath', { path: folder }));
    const { pool } = await call('storagePoolCreateXml', { xml: poolXml('fleeting'), flags: 0 });
    assert.equal(pool.name, 'fleeting');
    assert.deepEqual(await call('storagePoolLookupByTargetPath', { path: folder }), { pool });
    assert.deepEqual(await call('storagePoolLookupByName', { name: 'fleeting' }), { pool });
    await refused('VIR_ERR_NO_STORAGE_POOL', call('storagePoolLookupByName', { name: 'other' }));
    assert.match((await call('storagePoolGetXmlDesc', { pool, flags: 0 })).xml, /^<pool type='dir'>/);
    const info = await call('storagePoolGetInfo', { pool });
    assert.ok(info.state === 2 && info.available > 0 && info.available <= info.capacity);

    const { vol } = await call('storageVolCreateXml', {
      pool,
      xml: `<volume><name>top</name><target><format type='qcow2'/></target>
        <backingStore><path>${join(folder, 'base.raw')}</path><format type='raw'/></backingStore></volume>`,
      flags: 0,
    });
    assert.deepEqual(vol, { pool: 'fleeting', name: 'top', key: join(folder, 'top') });
    const { vol: base } = await call('storageVolLookupByName', { pool, name: 'base.raw' });
    assert.deepEqual(await call('storageVolGetPath', { vol: base }), { name: join(folder, 'base.raw') });
    const copyXml = (name: string): string => `<volume><name>${name}</name><capacity>65536</capacity></volume>`;
    const { vol: copy } = await call('storageVolCreateXmlFrom', {
      pool,
      xml: copyXml('copy.raw'),
      clonevol: base,
      flags: 0,
    });
    const taken = { pool, xml: copyXml('copy.raw'), flags: 0 };
    await refused('VIR_ERR_STORAGE_VOL_EXIST', call('storageVolCreateXml', taken));
    assert.match((await call('storageVolGetXmlDesc', { vol: copy, flags: 0 })).xml, /^<volume type='file'>/);
    await call('storageVolDelete', { vol: copy, flags: 0 });
    await writeFile(join(folder, 'new'), 'x');
    await refused('VIR_ERR_NO_STORAGE_VOL', call('storageVolLookupByName', { pool, name: 'new' }));
    await call('storagePoolRefresh', { pool, flags: 0 });
    const { vols, ret } = await call('storagePoolListAllVolumes', { pool, needResults: 1, flags: 0 });
    assert.deepEqual([ret, vols.map(({ name }) => name).sort()], [3, ['base.raw', 'new', 'top']]);
    await call('storagePoolDestroy', { pool });
    assert.deepEqual(await call('connectListAllStoragePools', { needResults: 1, flags: 0 }), { pools: [], ret: 0 });

    assert.equal((await daemon.virsh(['pool-define-as', 'lasting', 'dir', '--target', folder])).code, 0);
    const inactive = { needResults: 1, flags: flags.VIR_CONNECT_LIST_STORAGE_POOLS_INACTIVE };
    const [lasting] = (await call('connectListAllStoragePools', inactive)).pools;
    await call('storagePoolCreate', { pool: lasting!, flags: 0 });
    assert.deepEqual((await call('connectListAllStoragePools', inactive)).ret, 0);
    await call('storagePoolDestroy', { pool: lasting! });
    assert.equal((await daemon.virsh(['pool-undefine', 'lasting'])).code, 0);
  });

  it('every kind of event can be registered, metadata and close included', async () => {
    const all = ['lifecycle', 'ioError', 'blockJob2', 'agentLifecycle', 'jobCompleted', 'metadataChange'] as const;
    for (const listening of await Promise.all(all.map((event) => connection.on(event, () => undefined)))) {
      listening.dispose();
    }
    const { type } = await eventAfter(
      'metadataChange',
      ({ dom: { name } }) => name === 'vm',
      () => daemon.virsh(['desc', 'vm', '--config', '--title', 'new title']),
    );
    assert.equal(type, 1);
    const { callbackID } = await call('connectDomainEventCallbackRegisterAny', { eventID: 1, dom: undefined });
    await call('connectDomainEventCallbackDeregisterAny', { callbackID });
    const other = await openConnection(daemon.uri, { log: silentLog, environment: daemon.env });
    await call('connectUnregisterCloseCallback', {}, other);
    await call('connectClose', {}, other);
    other.close();
  });

  it('a read-only connection is refused what changes things', async () => {
    const reader = await openConnection(daemon.uri, { log: silentLog, environment: daemon.env, readOnly: true });
    assert.equal((await call('domainLookupByUuid', { uuid: dom.uuid }, reader)).dom.name, 'vm');
    await refused('VIR_ERR_OPERATION_DENIED', call('domainDestroy', { dom }, reader));
    reader.close();
  });

  it("libvirt's own pretended hypervisor through the same daemon", async () => {
    const test = await openConnection(daemon.testUri, { log: silentLog, environment: daemon.env });
    const { domains } = await call('connectListAllDomains', { needResults: 1, flags: 0 }, test);
    assert.deepEqual(
      domains.map(({ name }) => name),
      ['test'],
    );
    await call('domainSnapshotCreateXml', { dom: domains[0]!, xmlDesc: snapshotXml('s'), flags: 0 }, test);
    assert.deepEqual(await call('domainSnapshotNum', { dom: domains[0]!, flags: 0 }, test), { num: 1 });
    // None that the host would have.
    const { net } = await call('networkDefineXml', { xml: networkXml }, test);
    assert.equal(net.name, 'of-a-test');
    await call('networkSetAutostart', { net, autostart: 1 }, test);
    await call('networkCreate', { net }, test);
    assert.deepEqual(await call('networkIsActive', { net }, test), { active: 1 });
    assert.deepEqual(await call('networkLookupByName', { name: net.name }, test), { net });
    await call('networkDestroy', { net }, test);
    assert.deepEqual(await call('networkLookupByUuid', { uuid: net.uuid }, test), { net });
    await call('networkUndefine', { net }, test);
    await refused('VIR_ERR_NO_NETWORK', call('networkLookupByName', { name: net.name }, test));
    test.close();
  });

  it('filters of networks', async () => {
    const defined = call('nwfilterDefineXml', { xml: "<filter name='of-a-test' chain='root'/>" });
    if (process.getuid?.() !== 0) {
      // A daemon of a user has none.
      const nwfilter = { name: 'of-a-test', uuid: dom.uuid };
      for (const none of [defined, call('nwfilterLookupByUuid', nwfilter), call('nwfilterUndefine', { nwfilter })]) {
        await assert.rejects(none, LibvirtError);
      }
      return;
    }
    const { nwfilter } = await defined;
    assert.deepEqual(await call('nwfilterLookupByUuid', { uuid: nwfilter.uuid }), { nwfilter });
    await call('nwfilterUndefine', { nwfilter });
    await refused('VIR_ERR_NO_NWFILTER', call('nwfilterLookupByUuid', { uuid: nwfilter.uuid }));
  });

  it('a document of more than a megabyte', async () => {
    const large = 'x'.repeat(1_500_000);
    const { snap } = await call('domainSnapshotCreateXml', {
      dom,
      xmlDesc: `<domainsnapshot><name>large</name><description>${large}</description></domainsnapshot>`,
      flags: 0,
    });
    const { xml } = await call('domainSnapshotGetXmlDesc', { snap, flags: 0 });
    assert.ok(xml.length > large.length);
    await call('domainSnapshotDelete', { snap, flags: 0 });
  });

  it('leaving is not an error in the log of the daemon', async () => {
    const before = await readFile(daemon.log, 'utf8');
    const other = await openConnection(daemon.uri, { log: silentLog, environment: daemon.env });
    const version = await call('connectGetLibVersion', {}, other);
    other.close();
    assert.deepEqual(await call('connectGetLibVersion', {}), version);
    const after = await readFile(daemon.log, 'utf8');
    assert.doesNotMatch(after.slice(before.length), /End of file while reading data/);
  });

  it('a daemon killed in the middle of a call, and started again', async () => {
    await call('domainResume', { dom });
    const [qemu] = await qemuProcesses(daemon, 'vm');
    // The daemon waits for it, however slow this process is.
    process.kill(qemu!, 'SIGSTOP');
    const closed = new Promise<Error>((resolve) => connection.onDidClose(resolve));
    const creating = call('domainSnapshotCreateXml', { dom, xmlDesc: snapshotXml('cut'), flags: 0 });
    const lost = assert.rejects(creating, (error) => error instanceof ConnectionLost && error.reason === 'ended');
    // What was sent before has been read when this is answered.
    await call('connectGetLibVersion', {});
    await daemon.killDaemon();
    process.kill(qemu!, 'SIGCONT');
    await lost;
    assert.ok((await closed) instanceof ConnectionLost);
    await assert.rejects(openConnection(daemon.uri, { log: silentLog, environment: daemon.env }), {
      reason: 'refused',
    });
    await daemon.startDaemon();
    connection = await openConnection(daemon.uri, { log: silentLog, environment: daemon.env });
    assert.equal((await call('domainLookupByUuid', { uuid: dom.uuid })).dom.name, 'vm');
  });

  it('none was left out', () => {
    assert.deepEqual(
      Object.keys(procedures).filter((name) => !called.has(name as ProcedureName)),
      [],
    );
  });
});
