// Everything that can go wrong on a connection, as classes. Codes and fields, never sentences for users.
import { i32, optional, struct, type ValueOf } from './xdr/codec.js';
import { domain, optionalText, text, uuid } from './structs.js';

/** virErrorNumber, by libvirt's own names; those that somebody here tells apart (virterror.h, libvirt 11.7). */
export const errorCodes = {
  VIR_ERR_INTERNAL_ERROR: 1,
  VIR_ERR_NO_SUPPORT: 3,
  VIR_ERR_INVALID_ARG: 8,
  VIR_ERR_OPERATION_FAILED: 9,
  VIR_ERR_XML_ERROR: 27,
  VIR_ERR_OPERATION_DENIED: 29,
  VIR_ERR_XML_DETAIL: 35,
  VIR_ERR_SYSTEM_ERROR: 38,
  VIR_ERR_RPC: 39,
  VIR_ERR_NO_DOMAIN: 42,
  VIR_ERR_NO_NETWORK: 43,
  VIR_ERR_AUTH_FAILED: 45,
  VIR_ERR_NO_STORAGE_POOL: 49,
  VIR_ERR_NO_STORAGE_VOL: 50,
  VIR_ERR_OPERATION_INVALID: 55,
  VIR_ERR_NO_NWFILTER: 62,
  VIR_ERR_CONFIG_UNSUPPORTED: 67,
  VIR_ERR_OPERATION_TIMEOUT: 68,
  VIR_ERR_NO_DOMAIN_SNAPSHOT: 72,
  VIR_ERR_ARGUMENT_UNSUPPORTED: 74,
  VIR_ERR_SNAPSHOT_REVERT_RISKY: 77,
  VIR_ERR_OPERATION_ABORTED: 78,
  VIR_ERR_AUTH_CANCELLED: 79,
  VIR_ERR_BLOCK_COPY_ACTIVE: 83,
  VIR_ERR_OPERATION_UNSUPPORTED: 84,
  VIR_ERR_AGENT_UNRESPONSIVE: 86,
  VIR_ERR_RESOURCE_BUSY: 87,
  VIR_ERR_ACCESS_DENIED: 88,
  VIR_ERR_STORAGE_VOL_EXIST: 90,
  VIR_ERR_MIGRATE_FINISH_OK: 93,
  VIR_ERR_AUTH_UNAVAILABLE: 94,
  VIR_ERR_AGENT_UNSYNCED: 97,
  VIR_ERR_DEVICE_MISSING: 99,
  VIR_ERR_AGENT_COMMAND_TIMEOUT: 112,
  VIR_ERR_AGENT_COMMAND_FAILED: 113,
} as const;

/** virNetMessageError: the payload of a reply whose status is ERROR. */
export const netError = struct({
  code: i32,
  domain: i32,
  message: optionalText,
  level: i32,
  dom: optional(domain),
  str1: optionalText,
  str2: optionalText,
  str3: optionalText,
  int1: i32,
  int2: i32,
  net: optional(struct({ name: text, uuid })),
});

/** The daemon answered a call with an error. The message is libvirt's text, in the daemon's language, untrusted. */
export class LibvirtError extends Error {
  override readonly name = 'LibvirtError';
  /** virErrorNumber: see `errorCodes`. */
  readonly code: number;
  /** virErrorDomain: which part of libvirt raised it. */
  readonly domain: number;
  /** virErrorLevel: 1 warning, 2 error. */
  readonly level: number;
  /** str1, str2 and str3 of virError. */
  readonly strings: readonly (string | undefined)[];
  /** For VIR_ERR_SYSTEM_ERROR the errno of the daemon's host, for example 28 for no space left. */
  readonly errno: number | undefined;

  constructor(
    readonly procedure: string,
    error: ValueOf<typeof netError>,
  ) {
    super(error.message ?? `libvirt error ${error.code}`);
    this.code = error.code;
    this.domain = error.domain;
    this.level = error.level;
    this.strings = [error.str1, error.str2, error.str3];
    this.errno = error.code === errorCodes.VIR_ERR_SYSTEM_ERROR && error.int1 > 0 ? error.int1 : undefined;
  }
}

/**
 * The connection is gone: closed by the peer, dead, or closed by us. Whether the last calls took effect is not known.
 */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
  constructor(
    readonly reason: 'ended' | 'silent' | 'closedByUs' | 'daemonLostHypervisor',
    options?: ErrorOptions,
  ) {
    super(`connection lost: ${reason}`, options);
  }
}

/** The peer sent what the protocol does not allow. The connection has been ended. */
export class ProtocolViolation extends Error {
  override readonly name = 'ProtocolViolation';
}

/** No daemon could be reached through this socket. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
  /**
   * | reason   | errno                                                        |
   * |----------|--------------------------------------------------------------|
   * | noSocket | ENOENT, ENOTDIR                                              |
   * | denied   | EACCES, EPERM                                                |
   * | refused  | ECONNREFUSED: nobody listens; and every other, as the cause  |
   */
  constructor(
    readonly reason: 'noSocket' | 'denied' | 'refused',
    readonly path: string,
    options?: ErrorOptions,
  ) {
    super(`${path}: ${reason}`, options);
  }
}

/** The daemon wants an authentication that failed, was cancelled, or that we cannot give. */
export class AuthenticationFailed extends Error {
  override readonly name = 'AuthenticationFailed';
  constructor(
    readonly mechanism: 'polkit' | 'unknown',
    options?: ErrorOptions,
  ) {
    super(`authentication failed: ${mechanism}`, options);
  }
}

export class UnsupportedUri extends Error {
  override readonly name = 'UnsupportedUri';
  constructor(
    readonly uri: string,
    /** The transport that is not supported; absent: it is no URI that libvirt would take. */
    readonly transport?: string,
    /** The parameter that is unknown, not supported there, or has a wrong value. */
    readonly parameter?: string,
  ) {
    super(transport === undefined ? `not a libvirt URI: ${uri}` : `transport ${transport} is not supported: ${uri}`);
  }
}

/** remote_auth_type. */
export const authTypes = { REMOTE_AUTH_NONE: 0, REMOTE_AUTH_SASL: 1, REMOTE_AUTH_POLKIT: 2 } as const;

/** What a call answers; undefined where the daemon refuses it with this code. */
export async function undefinedOnCode<T>(code: number, call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof LibvirtError && error.code === code) {
      return undefined;
    }
    throw error;
  }
}
