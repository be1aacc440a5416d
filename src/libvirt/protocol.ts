// The numbers of libvirt's RPC protocol that stand in every packet, and its limits.
// Sources: virnetprotocol.x, remote_protocol.x, virkeepaliveprotocol.x (equal from libvirt 3.4 to 12.6).

export const REMOTE_PROGRAM = 0x20008086;
export const REMOTE_PROTOCOL_VERSION = 1;
/** What libvirt offers of QEMU alone (qemu_protocol.x); its version is 1 too. */
export const QEMU_PROGRAM = 0x20008087;
export const QEMU_PROTOCOL_VERSION = 1;
/** "keep" in ASCII. */
export const KEEPALIVE_PROGRAM = 0x6b656570;
export const KEEPALIVE_PROTOCOL_VERSION = 1;
export const KEEPALIVE_PROC_PING = 1;
export const KEEPALIVE_PROC_PONG = 2;

export const VIR_NET_CALL = 0;
export const VIR_NET_REPLY = 1;
/** An event or a keepalive packet: nobody asked for it. */
export const VIR_NET_MESSAGE = 2;
/** Bytes that follow a call, under its serial. */
export const VIR_NET_STREAM = 3;

export const VIR_NET_OK = 0;
export const VIR_NET_ERROR = 1;
/** A stream continues with more packets. */
export const VIR_NET_CONTINUE = 2;

/** Bytes of a packet without the word that tells its length. */
export const VIR_NET_MESSAGE_MAX = 33_554_432;
/** Bytes that every daemon takes in one packet of a stream. */
export const VIR_NET_MESSAGE_LEGACY_PAYLOAD_MAX = 262_120;
/** Bytes of the length word. */
export const VIR_NET_MESSAGE_LEN_MAX = 4;
/** Bytes of the header after the length word. */
export const VIR_NET_MESSAGE_HEADER_MAX = 24;

/** Bytes of any one string. */
export const REMOTE_STRING_MAX = 4_194_304;
export const REMOTE_DOMAIN_LIST_MAX = 16_384;
export const REMOTE_DOMAIN_SNAPSHOT_LIST_MAX = 16_384;
export const REMOTE_DOMAIN_CHECKPOINT_LIST_MAX = 16_384;
export const REMOTE_DOMAIN_JOB_STATS_MAX = 64;
/** From remote_protocol.x: the larger of the limits for disks and interfaces. */
export const REMOTE_DOMAIN_TUNE_MAX = 32;
export const REMOTE_CONNECT_GET_ALL_DOMAIN_STATS_MAX = 262_144;
export const REMOTE_DOMAIN_FSFREEZE_MOUNTPOINTS_MAX = 256;
export const REMOTE_DOMAIN_FSINFO_MAX = 256;
export const REMOTE_DOMAIN_FSINFO_DISKS_MAX = 256;
export const REMOTE_DOMAIN_INTERFACE_MAX = 2048;
export const REMOTE_DOMAIN_MESSAGES_MAX = 2048;
export const REMOTE_DOMAIN_IP_ADDR_MAX = 2048;
/** From remote_protocol.x: the limit for processors and RAM. */
export const REMOTE_NODE_STATS_MAX = 16;
export const REMOTE_STORAGE_POOL_LIST_MAX = 16_384;
export const REMOTE_STORAGE_VOL_LIST_MAX = 16_384;
export const REMOTE_DOMAIN_MIGRATE_PARAM_LIST_MAX = 64;
/** Bytes. */
export const REMOTE_MIGRATE_COOKIE_MAX = 4_194_304;
export const REMOTE_AUTH_TYPE_LIST_MAX = 20;
export const REMOTE_AUTH_SASL_DATA_MAX = 65_536;

/**
 * Calls in flight on one connection. With five the daemon (`max_client_requests`) stops reading the socket until one
 * is answered, and then answers no keepalive either.
 */
export const MAX_CALLS_IN_FLIGHT = 4;
/** The same for a daemon far away, where those that are answered at once may wait for it in the line. */
export const MAX_CALLS_ON_THE_WAY = 64;
