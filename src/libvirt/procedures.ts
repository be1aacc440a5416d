// THE table: every procedure that is called, a line each. Number, arguments and results as remote_protocol.x orders
// them. Names are libvirt's own in camel case: REMOTE_PROC_DOMAIN_GET_STATE is `domainGetState`. Knows no sockets.
import {
  array,
  type Codec,
  exactI64,
  exactU64,
  type Fields,
  i32,
  opaque,
  optional,
  struct,
  type StructOf,
  u32,
  u64,
  type ValueOf,
} from './xdr/codec.js';
import {
  QEMU_PROGRAM,
  REMOTE_AUTH_SASL_DATA_MAX,
  REMOTE_AUTH_TYPE_LIST_MAX,
  REMOTE_CONNECT_GET_ALL_DOMAIN_STATS_MAX,
  REMOTE_DOMAIN_CHECKPOINT_LIST_MAX,
  REMOTE_DOMAIN_FSFREEZE_MOUNTPOINTS_MAX,
  REMOTE_DOMAIN_FSINFO_DISKS_MAX,
  REMOTE_DOMAIN_FSINFO_MAX,
  REMOTE_DOMAIN_INTERFACE_MAX,
  REMOTE_DOMAIN_IP_ADDR_MAX,
  REMOTE_DOMAIN_JOB_STATS_MAX,
  REMOTE_DOMAIN_TUNE_MAX,
  REMOTE_DOMAIN_LIST_MAX,
  REMOTE_DOMAIN_MIGRATE_PARAM_LIST_MAX,
  REMOTE_DOMAIN_MESSAGES_MAX,
  REMOTE_DOMAIN_SEND_KEY_MAX,
  REMOTE_DOMAIN_SNAPSHOT_LIST_MAX,
  REMOTE_MIGRATE_COOKIE_MAX,
  REMOTE_NODE_STATS_MAX,
  REMOTE_STORAGE_POOL_LIST_MAX,
  REMOTE_STORAGE_VOL_LIST_MAX,
} from './protocol.js';
import {
  domain,
  domainCheckpoint,
  domainSnapshot,
  network,
  nwfilter,
  storagePool,
  storageVol,
  optionalText,
  text,
  typedParameter,
  utf8Bytes,
  uuid,
} from './structs.js';

export interface Procedure<A, R> {
  /** Whose number it is; absent: libvirt's first program. */
  readonly program?: number;
  readonly number: number;
  readonly args: Codec<A>;
  readonly result: Codec<R>;
  /** The daemon answers it at once, from what it knows. */
  readonly quick?: true;
}

function procedure<A extends Fields, R extends Fields>(
  number: number,
  args: A,
  result: R,
): Procedure<StructOf<A>, StructOf<R>> {
  return { number, args: struct(args), result: struct(result) };
}

function quick<A extends Fields, R extends Fields>(
  number: number,
  args: A,
  result: R,
): Procedure<StructOf<A>, StructOf<R>> {
  return { ...procedure(number, args, result), quick: true };
}

const domains = array(domain, REMOTE_DOMAIN_LIST_MAX);
const snapshots = array(domainSnapshot, REMOTE_DOMAIN_SNAPSHOT_LIST_MAX);
const checkpoints = array(domainCheckpoint, REMOTE_DOMAIN_CHECKPOINT_LIST_MAX);
const jobStats = array(typedParameter, REMOTE_DOMAIN_JOB_STATS_MAX);
const tuneParams = array(typedParameter, REMOTE_DOMAIN_TUNE_MAX);
/** What one side of a migration tells the other, and nobody between them reads. */
const cookie = opaque(REMOTE_MIGRATE_COOKIE_MAX);
const migrateParams = array(typedParameter, REMOTE_DOMAIN_MIGRATE_PARAM_LIST_MAX);
const storagePools = array(storagePool, REMOTE_STORAGE_POOL_LIST_MAX);
const storageVolumes = array(storageVol, REMOTE_STORAGE_VOL_LIST_MAX);
const statsRecord = struct({ dom: domain, params: array(typedParameter, REMOTE_CONNECT_GET_ALL_DOMAIN_STATS_MAX) });
const nodeStats = array(struct({ field: text, value: exactU64 }), REMOTE_NODE_STATS_MAX);
const mountpoints = array(text, REMOTE_DOMAIN_FSFREEZE_MOUNTPOINTS_MAX);
const fileSystem = struct({
  mountpoint: text,
  name: text,
  fstype: text,
  devAliases: array(text, REMOTE_DOMAIN_FSINFO_DISKS_MAX),
});
const networkInterface = struct({
  name: text,
  hwaddr: optionalText,
  addrs: array(struct({ type: i32, addr: text, prefix: u32 }), REMOTE_DOMAIN_IP_ADDR_MAX),
});
const nothing = {};
/** A `char` takes four bytes. */
const saslData = array(i32, REMOTE_AUTH_SASL_DATA_MAX);

/* prettier-ignore */
export const procedures = {
  connectOpen: procedure(1, { name: optionalText, flags: u32 }, nothing),
  connectClose: procedure(2, nothing, nothing),
  connectGetType: quick(3, nothing, { type: text }),
  connectGetVersion: procedure(4, nothing, { hvVer: u64 }),
  connectGetCapabilities: procedure(7, nothing, { capabilities: text }),
  connectGetHostname: procedure(59, nothing, { hostname: text }),
  authList: procedure(66, nothing, { types: array(i32, REMOTE_AUTH_TYPE_LIST_MAX) }),
  authSaslInit: procedure(67, nothing, { mechlist: text }),
  authSaslStart: procedure(68, { mech: text, nil: i32, data: saslData }, { complete: i32, nil: i32, data: saslData }),
  authSaslStep: procedure(69, { nil: i32, data: saslData }, { complete: i32, nil: i32, data: saslData }),
  authPolkit: procedure(70, nothing, { complete: i32 }),
  connectGetUri: procedure(110, nothing, { uri: text }),
  connectGetLibVersion: quick(157, nothing, { libVer: u64 }),
  connectGetSysinfo: procedure(203, { flags: u32 }, { sysinfo: text }),
  connectListAllDomains: quick(273, { needResults: i32, flags: u32 }, { domains, ret: u32 }),
  connectDomainEventCallbackRegisterAny: quick(316, { eventID: i32, dom: optional(domain) }, { callbackID: i32 }),
  connectDomainEventCallbackDeregisterAny: procedure(317, { callbackID: i32 }, nothing),
  nodeGetCpuStats: procedure(227, { cpuNum: i32, nparams: i32, flags: u32 }, { params: nodeStats, nparams: i32 }),
  nodeGetMemoryStats: procedure(228, { nparams: i32, cellNum: i32, flags: u32 }, { params: nodeStats, nparams: i32 }),
  connectGetAllDomainStats: procedure(344, { doms: domains, stats: u32, flags: u32 }, { retStats: array(statsRecord, REMOTE_DOMAIN_LIST_MAX) }),
  connectGetDomainCapabilities: procedure(342, { emulatorbin: optionalText, arch: optionalText, machine: optionalText, virttype: optionalText, flags: u32 }, { capabilities: text }),
  connectRegisterCloseCallback: quick(360, nothing, nothing),
  connectUnregisterCloseCallback: procedure(361, nothing, nothing),

  domainDestroy: procedure(12, { dom: domain }, nothing),
  domainGetXmlDesc: quick(14, { dom: domain, flags: u32 }, { xml: text }),
  domainGetAutostart: quick(15, { dom: domain }, { autostart: i32 }),
  domainLookupByUuid: quick(24, { uuid }, { dom: domain }),
  domainReboot: procedure(27, { dom: domain, flags: u32 }, nothing),
  domainResume: procedure(28, { dom: domain }, nothing),
  domainSetAutostart: procedure(29, { dom: domain, autostart: i32 }, nothing),
  domainSuspend: procedure(34, { dom: domain }, nothing),
  domainIsPersistent: quick(151, { dom: domain }, { persistent: i32 }),
  domainAbortJob: procedure(164, { dom: domain }, nothing),
  domainMigrateSetMaxDowntime: procedure(166, { dom: domain, downtime: u64, flags: u32 }, nothing),
  domainAttachDeviceFlags: procedure(160, { dom: domain, xml: text, flags: u32 }, nothing),
  domainDetachDeviceFlags: procedure(161, { dom: domain, xml: text, flags: u32 }, nothing),
  domainUpdateDeviceFlags: procedure(174, { dom: domain, xml: text, flags: u32 }, nothing),
  domainManagedSave: procedure(182, { dom: domain, flags: u32 }, nothing),
  domainHasManagedSaveImage: quick(183, { dom: domain, flags: u32 }, { result: i32 }),
  domainManagedSaveRemove: procedure(184, { dom: domain, flags: u32 }, nothing),
  domainManagedSaveGetXmlDesc: procedure(388, { dom: domain, flags: u32 }, { xml: text }),
  domainManagedSaveDefineXml: procedure(389, { dom: domain, dxml: optionalText, flags: u32 }, nothing),
  domainCreateWithFlags: procedure(196, { dom: domain, flags: u32 }, { dom: domain }),
  domainOpenConsole: procedure(201, { dom: domain, devName: optionalText, flags: u32 }, nothing),
  domainSendKey: procedure(
    226,
    { dom: domain, codeset: u32, holdtime: u32, keycodes: array(u32, REMOTE_DOMAIN_SEND_KEY_MAX), flags: u32 },
    nothing,
  ),
  domainScreenshot: procedure(211, { dom: domain, screen: u32, flags: u32 }, { mime: optionalText }),
  domainGetState: quick(212, { dom: domain, flags: u32 }, { state: i32, reason: i32 }),
  domainGetControlInfo: procedure(229, { dom: domain, flags: u32 }, { state: u32, details: u32, stateTime: u64 }),
  domainUndefineFlags: procedure(231, { dom: domain, flags: u32 }, nothing),
  domainRestoreFlags: procedure(233, { from: text, dxml: optionalText, flags: u32 }, nothing),
  domainDestroyFlags: procedure(234, { dom: domain, flags: u32 }, nothing),
  domainSaveImageGetXmlDesc: procedure(235, { file: text, flags: u32 }, { xml: text }),
  domainBlockJobAbort: procedure(237, { dom: domain, path: text, flags: u32 }, nothing),
  domainGetBlockJobInfo: procedure(238, { dom: domain, path: text, flags: u32 }, { found: i32, type: i32, bandwidth: u64, cur: u64, end: u64 }),
  domainBlockResize: procedure(251, { dom: domain, disk: text, size: u64, flags: u32 }, nothing),
  domainSetBlockIoTune: procedure(252, { dom: domain, disk: text, params: tuneParams, flags: u32 }, nothing),
  domainGetBlockIoTune: procedure(253, { dom: domain, disk: optionalText, nparams: i32, flags: u32 }, { params: tuneParams, nparams: i32 }),
  domainSetInterfaceParameters: procedure(256, { dom: domain, device: text, params: tuneParams, flags: u32 }, nothing),
  domainGetInterfaceParameters: procedure(257, { dom: domain, device: text, nparams: i32, flags: u32 }, { params: tuneParams, nparams: i32 }),
  domainShutdownFlags: procedure(258, { dom: domain, flags: u32 }, nothing),
  domainPmWakeup: procedure(267, { dom: domain, flags: u32 }, nothing),
  domainBlockCommit: procedure(290, { dom: domain, disk: text, base: optionalText, top: optionalText, bandwidth: u64, flags: u32 }, nothing),
  domainGetJobStats: procedure(298, { dom: domain, flags: u32 }, { type: i32, params: jobStats }),
  domainMigrateBegin3Params: procedure(302, { dom: domain, params: migrateParams, flags: u32 }, { cookieOut: cookie, xml: text }),
  domainMigratePrepare3Params: procedure(303, { params: migrateParams, cookieIn: cookie, flags: u32 }, { cookieOut: cookie, uriOut: optionalText }),
  domainMigratePerform3Params: procedure(305, { dom: domain, dconnuri: optionalText, params: migrateParams, cookieIn: cookie, flags: u32 }, { cookieOut: cookie }),
  domainMigrateFinish3Params: procedure(306, { params: migrateParams, cookieIn: cookie, flags: u32, cancelled: i32 }, { dom: domain, cookieOut: cookie }),
  domainMigrateConfirm3Params: procedure(307, { dom: domain, params: migrateParams, cookieIn: cookie, flags: u32, cancelled: i32 }, nothing),
  domainFsthaw: procedure(336, { dom: domain, mountpoints, flags: u32 }, { filesystems: i32 }),
  domainGetTime: procedure(337, { dom: domain, flags: u32 }, { seconds: exactI64, nseconds: u32 }),
  domainSetTime: procedure(338, { dom: domain, seconds: exactI64, nseconds: u32, flags: u32 }, nothing),
  domainGetFsinfo: procedure(349, { dom: domain, flags: u32 }, { info: array(fileSystem, REMOTE_DOMAIN_FSINFO_MAX), ret: u32 }),
  domainDefineXmlFlags: procedure(350, { xml: text, flags: u32 }, { dom: domain }),
  domainInterfaceAddresses: procedure(353, { dom: domain, source: u32, flags: u32 }, { ifaces: array(networkInterface, REMOTE_DOMAIN_INTERFACE_MAX) }),

  domainSnapshotCreateXml: procedure(185, { dom: domain, xmlDesc: text, flags: u32 }, { snap: domainSnapshot }),
  domainSnapshotGetXmlDesc: quick(186, { snap: domainSnapshot, flags: u32 }, { xml: utf8Bytes }),
  domainSnapshotNum: quick(187, { dom: domain, flags: u32 }, { num: i32 }),
  domainSnapshotLookupByName: quick(189, { dom: domain, name: text, flags: u32 }, { snap: domainSnapshot }),
  domainSnapshotCurrent: quick(191, { dom: domain, flags: u32 }, { snap: domainSnapshot }),
  domainRevertToSnapshot: procedure(192, { snap: domainSnapshot, flags: u32 }, nothing),
  domainSnapshotDelete: procedure(193, { snap: domainSnapshot, flags: u32 }, nothing),
  domainListAllSnapshots: quick(274, { dom: domain, needResults: i32, flags: u32 }, { snapshots, ret: i32 }),
  domainSnapshotListAllChildren: quick(275, { snap: domainSnapshot, needResults: i32, flags: u32 }, { snapshots, ret: i32 }),

  domainGetMessages: procedure(426, { dom: domain, flags: u32 }, { msgs: array(text, REMOTE_DOMAIN_MESSAGES_MAX) }),
  domainStartDirtyRateCalc: procedure(427, { dom: domain, seconds: i32, flags: u32 }, nothing),
  domainListAllCheckpoints: procedure(413, { dom: domain, needResults: i32, flags: u32 }, { checkpoints, ret: i32 }),

  networkCreate: procedure(39, { net: network }, nothing),
  networkDefineXml: procedure(41, { xml: text }, { net: network }),
  networkDestroy: procedure(42, { net: network }, nothing),
  networkLookupByName: quick(46, { name: text }, { net: network }),
  networkLookupByUuid: quick(47, { uuid }, { net: network }),
  networkSetAutostart: procedure(48, { net: network, autostart: i32 }, nothing),
  networkUndefine: procedure(49, { net: network }, nothing),
  networkIsActive: quick(152, { net: network }, { active: i32 }),
  nwfilterLookupByUuid: quick(176, { uuid }, { nwfilter }),
  nwfilterDefineXml: procedure(180, { xml: text }, { nwfilter }),
  nwfilterUndefine: procedure(181, { nwfilter }, nothing),

  storagePoolCreateXml: procedure(76, { xml: text, flags: u32 }, { pool: storagePool }),
  storagePoolCreate: procedure(78, { pool: storagePool, flags: u32 }, nothing),
  storagePoolDestroy: procedure(80, { pool: storagePool }, nothing),
  storagePoolRefresh: procedure(83, { pool: storagePool, flags: u32 }, nothing),
  storagePoolGetInfo: procedure(87, { pool: storagePool }, { state: u32, capacity: u64, allocation: u64, available: u64 }),
  storagePoolGetXmlDesc: procedure(88, { pool: storagePool, flags: u32 }, { xml: text }),
  connectListAllStoragePools: procedure(281, { needResults: i32, flags: u32 }, { pools: storagePools, ret: u32 }),
  storagePoolListAllVolumes: procedure(282, { pool: storagePool, needResults: i32, flags: u32 }, { vols: storageVolumes, ret: u32 }),
  storagePoolLookupByName: procedure(84, { name: text }, { pool: storagePool }),
  storagePoolLookupByTargetPath: procedure(391, { path: text }, { pool: storagePool }),
  storageVolCreateXml: procedure(93, { pool: storagePool, xml: text, flags: u32 }, { vol: storageVol }),
  storageVolDelete: procedure(94, { vol: storageVol, flags: u32 }, nothing),
  storageVolLookupByName: procedure(95, { pool: storagePool, name: text }, { vol: storageVol }),
  storageVolGetPath: procedure(100, { vol: storageVol }, { name: text }),
  storageVolGetXmlDesc: procedure(99, { vol: storageVol, flags: u32 }, { xml: text }),
  storageVolCreateXmlFrom: procedure(125, { pool: storagePool, xml: text, clonevol: storageVol, flags: u32 }, { vol: storageVol }),

  qemuDomainMonitorCommand: { ...procedure(1, { dom: domain, cmd: text, flags: u32 }, { result: text }), program: QEMU_PROGRAM },
  qemuDomainAgentCommand: { ...procedure(3, { dom: domain, cmd: text, timeout: i32, flags: u32 }, { result: optionalText }), program: QEMU_PROGRAM },
};

/** Those that are followed by bytes. */
export type StreamProcedureName = 'domainOpenConsole' | 'domainScreenshot';

export type ProcedureName = keyof typeof procedures;
export type ArgsOf<P extends ProcedureName> = ValueOf<(typeof procedures)[P]['args']>;
export type ResultOf<P extends ProcedureName> = ValueOf<(typeof procedures)[P]['result']>;
