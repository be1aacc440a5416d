// libvirt's constants that are in use, under libvirt's own names, so that a search crosses into its documentation.
// Sources: libvirt-domain.h, libvirt-domain-snapshot.h, libvirt-host.h (equal from libvirt 8.5 to 12.6).

// virConnectFlags
export const VIR_CONNECT_RO = 1;

// VIR_DRV_FEATURE_*: asking for number 10 would make the daemon send keepalives and close on silence.

// virDomainState
export const VIR_DOMAIN_RUNNING = 1;
export const VIR_DOMAIN_BLOCKED = 2;
export const VIR_DOMAIN_PAUSED = 3;
export const VIR_DOMAIN_SHUTDOWN = 4;
export const VIR_DOMAIN_SHUTOFF = 5;
export const VIR_DOMAIN_CRASHED = 6;
export const VIR_DOMAIN_PMSUSPENDED = 7;

// virDomainRunningReason, virDomainPausedReason, virDomainShutoffReason
export const VIR_DOMAIN_RUNNING_FROM_SNAPSHOT = 4;
export const VIR_DOMAIN_PAUSED_MIGRATION = 2;
export const VIR_DOMAIN_PAUSED_SAVE = 3;
export const VIR_DOMAIN_PAUSED_IOERROR = 5;
export const VIR_DOMAIN_PAUSED_FROM_SNAPSHOT = 7;
export const VIR_DOMAIN_PAUSED_SNAPSHOT = 9;
export const VIR_DOMAIN_SHUTOFF_SHUTDOWN = 1;
export const VIR_DOMAIN_SHUTOFF_DESTROYED = 2;
export const VIR_DOMAIN_SHUTOFF_CRASHED = 3;
export const VIR_DOMAIN_SHUTOFF_MIGRATED = 4;
export const VIR_DOMAIN_SHUTOFF_SAVED = 5;
export const VIR_DOMAIN_SHUTOFF_FAILED = 6;
export const VIR_DOMAIN_SHUTOFF_FROM_SNAPSHOT = 7;

// virDomainXMLFlags
/** Without it passwords are left out, and a definition would lose them. */
export const VIR_DOMAIN_XML_SECURE = 1;
export const VIR_DOMAIN_XML_INACTIVE = 2;
export const VIR_DOMAIN_XML_MIGRATABLE = 8;

// virDomainCreateFlags
export const VIR_DOMAIN_START_PAUSED = 1;
export const VIR_DOMAIN_START_AUTODESTROY = 2;

// virDomainConsoleFlags
/** Ends the session that has the console. */
export const VIR_DOMAIN_CONSOLE_FORCE = 1;

// virDomainInterfaceAddressesSource, virIPAddrType
export const VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE = 0;
export const VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT = 1;
export const VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_ARP = 2;

// virDomainSaveImageXMLFlags, virDomainSaveRestoreFlags
export const VIR_DOMAIN_AFFECT_LIVE = 1;
export const VIR_DOMAIN_AFFECT_CONFIG = 2;
export const VIR_DOMAIN_DEVICE_MODIFY_LIVE = 1;
export const VIR_DOMAIN_SAVE_IMAGE_XML_SECURE = 1;
export const VIR_DOMAIN_SAVE_RUNNING = 2;
export const VIR_DOMAIN_SAVE_PAUSED = 4;

// virDomainSetTimeFlags
export const VIR_DOMAIN_TIME_SYNC = 1;

// virDomainUndefineFlagsValues
export const VIR_DOMAIN_UNDEFINE_MANAGED_SAVE = 1;
export const VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA = 2;
export const VIR_DOMAIN_UNDEFINE_KEEP_NVRAM = 8;
export const VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA = 16;
export const VIR_DOMAIN_UNDEFINE_TPM = 32;
export const VIR_DOMAIN_UNDEFINE_KEEP_TPM = 64;

// virTypedParameterFlags
export const VIR_TYPED_PARAM_STRING_OKAY = 4;

// virDomainShutdownFlagValues, virDomainRebootFlagValues
export const VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN = 1;
export const VIR_DOMAIN_SHUTDOWN_GUEST_AGENT = 2;
export const VIR_DOMAIN_REBOOT_ACPI_POWER_BTN = 1;

// virNodeGetCPUStatsAllCPUs, virNodeGetMemoryStatsAllCells
export const VIR_NODE_CPU_STATS_ALL_CPUS = -1;
export const VIR_NODE_MEMORY_STATS_ALL_CELLS = -1;

// virDomainStatsTypes, virConnectGetAllDomainStatsFlags
export const VIR_DOMAIN_STATS_STATE = 1;
export const VIR_DOMAIN_STATS_CPU_TOTAL = 2;
export const VIR_DOMAIN_STATS_BALLOON = 4;
export const VIR_DOMAIN_STATS_VCPU = 8;
export const VIR_DOMAIN_STATS_BLOCK = 32;
export const VIR_DOMAIN_STATS_DIRTYRATE = 512;
export const VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE = 1;
export const VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT = 0x2000_0000;
export const VIR_CONNECT_GET_ALL_DOMAINS_STATS_BACKING = 0x4000_0000;

// virDomainSnapshotCreateFlags
export const VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE = 1;
export const VIR_DOMAIN_SNAPSHOT_CREATE_CURRENT = 2;
export const VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA = 4;
export const VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY = 16;
export const VIR_DOMAIN_SNAPSHOT_CREATE_REUSE_EXT = 32;
export const VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE = 64;
export const VIR_DOMAIN_SNAPSHOT_CREATE_ATOMIC = 128;
export const VIR_DOMAIN_SNAPSHOT_CREATE_LIVE = 256;

// virDomainSnapshotRevertFlags
export const VIR_DOMAIN_SNAPSHOT_REVERT_RUNNING = 1;
export const VIR_DOMAIN_SNAPSHOT_REVERT_PAUSED = 2;

// virDomainSnapshotDeleteFlags
export const VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN = 1;
export const VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY = 2;

// virDomainSnapshotListFlags
/** Parents before their children (libvirt 5.2). */
export const VIR_DOMAIN_SNAPSHOT_LIST_ROOTS = 1;
export const VIR_DOMAIN_SNAPSHOT_LIST_TOPOLOGICAL = 1024;

// virDomainSnapshotXMLFlags: without it passwords are left out, and a redefine would lose them.
export const VIR_DOMAIN_SNAPSHOT_XML_SECURE = 1;

// virDomainEventType and its details
export const VIR_DOMAIN_EVENT_DEFINED = 0;
export const VIR_DOMAIN_EVENT_UNDEFINED = 1;
export const VIR_DOMAIN_EVENT_STARTED = 2;
export const VIR_DOMAIN_EVENT_SUSPENDED = 3;
export const VIR_DOMAIN_EVENT_RESUMED = 4;
export const VIR_DOMAIN_EVENT_STOPPED = 5;
export const VIR_DOMAIN_EVENT_DEFINED_FROM_SNAPSHOT = 3;
export const VIR_DOMAIN_EVENT_STARTED_FROM_SNAPSHOT = 3;
export const VIR_DOMAIN_EVENT_SUSPENDED_FROM_SNAPSHOT = 5;
export const VIR_DOMAIN_EVENT_RESUMED_FROM_SNAPSHOT = 2;
export const VIR_DOMAIN_EVENT_STOPPED_FROM_SNAPSHOT = 6;

// virConnectDomainEventAgentLifecycleState
export const VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_STATE_CONNECTED = 1;

// virConnectDomainEventBlockJobStatus
export const VIR_DOMAIN_BLOCK_JOB_COMPLETED = 0;
export const VIR_DOMAIN_BLOCK_JOB_FAILED = 1;
export const VIR_DOMAIN_BLOCK_JOB_CANCELED = 2;
export const VIR_DOMAIN_BLOCK_JOB_READY = 3;

// virDomainBlockResizeFlags
export const VIR_DOMAIN_BLOCK_RESIZE_BYTES = 1;

// virDomainBlockCommitFlags
export const VIR_DOMAIN_BLOCK_COMMIT_ACTIVE = 4;
export const VIR_DOMAIN_BLOCK_COMMIT_BANDWIDTH_BYTES = 16;

// virDomainBlockJobAbortFlags
export const VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT = 2;

// virDomainJobType
export const VIR_DOMAIN_JOB_NONE = 0;

// virDomainGetJobStatsFlags: of the one that ended last, which is then forgotten.
export const VIR_DOMAIN_JOB_STATS_COMPLETED = 1;
export const VIR_DOMAIN_JOB_STATS_KEEP_COMPLETED = 2;

// virDomainMigrateFlags
export const VIR_MIGRATE_LIVE = 1;
export const VIR_MIGRATE_PERSIST_DEST = 8;
export const VIR_MIGRATE_UNDEFINE_SOURCE = 16;
export const VIR_MIGRATE_PAUSED = 32;
/** The top of each disk is copied; what it rests on must be there. */
export const VIR_MIGRATE_NON_SHARED_INC = 128;
/** libvirt looks neither whether the disks are on shared storage nor whether their caches allow it. */
export const VIR_MIGRATE_UNSAFE = 512;
export const VIR_MIGRATE_ABORT_ON_ERROR = 4096;
/** A write of the guest ends when the other host has it too. */
export const VIR_MIGRATE_NON_SHARED_SYNCHRONOUS_WRITES = 0x40000;

// virDomainControlState
export const VIR_DOMAIN_CONTROL_JOB = 1;
export const VIR_DOMAIN_CONTROL_OCCUPIED = 2;

// virStoragePoolState
export const VIR_STORAGE_POOL_INACTIVE = 0;

// virConnectListAllStoragePoolsFlags
export const VIR_CONNECT_LIST_STORAGE_POOLS_INACTIVE = 1;
export const VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE = 2;
export const VIR_CONNECT_LIST_STORAGE_POOLS_TRANSIENT = 8;

export const VIR_DOMAIN_MESSAGE_TAINTING = 2;
