// Each error of the client, and the kind of failure that a user meets.
import assert from 'node:assert/strict';
import { toFailure } from '../../../src/driver/toFailure.js';
import { XmlError } from '../../../src/driver/xml/xmlTree.js';
import {
  AuthenticationFailed,
  ConnectionLost,
  errorCodes,
  LibvirtError,
  ProtocolViolation,
  Unreachable,
  UnsupportedUri,
} from '../../../src/libvirt/libvirtError.js';
import { Failure, type FailureKind } from '../../../src/domain/failure.js';

const libvirtError = (code: number, message = 'text in any language', int1 = 0): LibvirtError =>
  new LibvirtError('domainGetState', {
    code,
    domain: 10,
    message,
    level: 2,
    dom: undefined,
    str1: undefined,
    str2: undefined,
    str3: undefined,
    int1,
    int2: 0,
    net: undefined,
  });

const expected: Readonly<Record<keyof typeof errorCodes, FailureKind>> = {
  VIR_ERR_INTERNAL_ERROR: 'failed',
  VIR_ERR_NO_SUPPORT: 'unsupported',
  VIR_ERR_INVALID_ARG: 'invalid',
  VIR_ERR_OPERATION_FAILED: 'failed',
  VIR_ERR_XML_ERROR: 'invalid',
  VIR_ERR_OPERATION_DENIED: 'denied',
  VIR_ERR_XML_DETAIL: 'invalid',
  VIR_ERR_SYSTEM_ERROR: 'failed',
  VIR_ERR_RPC: 'failed',
  VIR_ERR_NO_DOMAIN: 'notFound',
  VIR_ERR_AUTH_FAILED: 'denied',
  VIR_ERR_NO_NETWORK: 'failed',
  VIR_ERR_NO_NWFILTER: 'failed',
  VIR_ERR_NO_STORAGE_POOL: 'failed',
  VIR_ERR_NO_STORAGE_VOL: 'notFound',
  VIR_ERR_OPERATION_INVALID: 'failed',
  VIR_ERR_CONFIG_UNSUPPORTED: 'unsupported',
  VIR_ERR_OPERATION_TIMEOUT: 'busy',
  VIR_ERR_NO_DOMAIN_SNAPSHOT: 'notFound',
  VIR_ERR_ARGUMENT_UNSUPPORTED: 'unsupported',
  VIR_ERR_SNAPSHOT_REVERT_RISKY: 'failed',
  VIR_ERR_OPERATION_ABORTED: 'cancelled',
  VIR_ERR_AUTH_CANCELLED: 'denied',
  VIR_ERR_BLOCK_COPY_ACTIVE: 'busy',
  VIR_ERR_OPERATION_UNSUPPORTED: 'unsupported',
  VIR_ERR_AGENT_UNRESPONSIVE: 'failed',
  VIR_ERR_RESOURCE_BUSY: 'busy',
  VIR_ERR_ACCESS_DENIED: 'denied',
  VIR_ERR_STORAGE_VOL_EXIST: 'exists',
  VIR_ERR_MIGRATE_FINISH_OK: 'failed',
  VIR_ERR_AUTH_UNAVAILABLE: 'denied',
  VIR_ERR_AGENT_UNSYNCED: 'failed',
  VIR_ERR_DEVICE_MISSING: 'failed',
  VIR_ERR_AGENT_COMMAND_TIMEOUT: 'failed',
  VIR_ERR_AGENT_COMMAND_FAILED: 'failed',
};

describe('a failure', () => {
  for (const [name, code] of Object.entries(errorCodes)) {
    const kind = expected[name as keyof typeof errorCodes];
    it(`of kind ${kind} is made of ${name}, and keeps libvirt's text and code`, () => {
      const error = libvirtError(code);
      const failure = toFailure(error, { vm: 'web' });
      assert.equal(failure.kind, kind);
      assert.equal(failure.details.libvirtMessage, 'text in any language');
      assert.equal(failure.details.libvirtCode, code);
      assert.equal(failure.details.vm, 'web');
      assert.equal(failure.cause, error);
    });
  }

  it('of kind failed is made of a code of the future', () => {
    assert.equal(toFailure(libvirtError(4711)).kind, 'failed');
  });

  it('of no space is known by errno, and by the words where there is no errno', () => {
    assert.equal(toFailure(libvirtError(errorCodes.VIR_ERR_SYSTEM_ERROR, 'kein Platz', 28)).kind, 'noSpace');
    assert.equal(toFailure(libvirtError(errorCodes.VIR_ERR_SYSTEM_ERROR, 'anders', 13)).kind, 'failed');
    for (const text of [
      "internal error: failed to format image: 'Could not write qcow2 header: No space left on device'",
      "qemu-img: Could not create snapshot 'x': -28",
    ]) {
      assert.equal(toFailure(libvirtError(errorCodes.VIR_ERR_INTERNAL_ERROR, text)).kind, 'noSpace', text);
    }
    for (const text of ['disk vm-280 and -289 and 28', "no domain 'web-28'", 'cannot stat checkpoint-2026-11-28']) {
      assert.equal(toFailure(libvirtError(errorCodes.VIR_ERR_INTERNAL_ERROR, text)).kind, 'failed', text);
    }
  });

  it('of a VM that got no processors is not one of a full disk', () => {
    const group = '/sys/fs/cgroup/cpuset/machine/qemu-2-web.libvirt-qemu/emulator';
    const { VIR_ERR_SYSTEM_ERROR } = errorCodes;
    const kindOf = (text: string): FailureKind => toFailure(libvirtError(VIR_ERR_SYSTEM_ERROR, text, 28)).kind;
    assert.equal(kindOf(`Unable to write to '${group}/tasks': No space left on device`), 'failed');
    assert.equal(kindOf("Unable to write to '/vms/cpuset/web.qcow2': No space left on device"), 'noSpace');
  });

  it('is what its code says, whatever names stand in the text', () => {
    const gone = libvirtError(errorCodes.VIR_ERR_NO_DOMAIN, 'no domain: -28');
    assert.equal(toFailure(gone).kind, 'notFound');
    const locked = libvirtError(errorCodes.VIR_ERR_OPERATION_TIMEOUT, 'VM "no space left on device"');
    assert.equal(toFailure(locked).kind, 'busy');
  });

  it('says of a job that libvirt waited for in vain whether it names somebody who works at it', () => {
    const heldByNobody = (code: number, text: string): unknown =>
      toFailure(libvirtError(code, text)).details.heldByNobody;
    const words = 'Timed out during operation: cannot acquire state change lock';
    const { VIR_ERR_OPERATION_TIMEOUT, VIR_ERR_RESOURCE_BUSY } = errorCodes;
    assert.equal(heldByNobody(VIR_ERR_OPERATION_TIMEOUT, words), true);
    assert.equal(
      heldByNobody(VIR_ERR_OPERATION_TIMEOUT, `${words} (held by monitor=remoteDispatchDomainSave)`),
      undefined,
    );
    assert.equal(
      heldByNobody(VIR_ERR_OPERATION_TIMEOUT, `${words} (held by agent=remoteDispatchDomainFSFreeze)`),
      undefined,
    );
    assert.equal(heldByNobody(VIR_ERR_RESOURCE_BUSY, words), undefined);
  });

  it('of a VM that is gone does not name its snapshot, one of a snapshot that is gone does', () => {
    const about = { vm: 'web', snapshot: 'a' };
    const of = (code: number): unknown => toFailure(libvirtError(code), about).details.snapshot;
    assert.deepEqual([of(errorCodes.VIR_ERR_NO_DOMAIN), of(errorCodes.VIR_ERR_NO_DOMAIN_SNAPSHOT)], [undefined, 'a']);
  });

  it('names the group where the socket is closed to the user, and not where a rule forbids one call', () => {
    const group = (error: Error): string | undefined => toFailure(error).details.group;
    assert.equal(group(new Unreachable('denied', '/run/x')), 'libvirt');
    assert.equal(group(new AuthenticationFailed('polkit')), 'libvirt');
    assert.equal(group(libvirtError(errorCodes.VIR_ERR_AUTH_UNAVAILABLE)), 'libvirt');
    assert.equal(group(libvirtError(errorCodes.VIR_ERR_ACCESS_DENIED)), undefined);
    assert.equal(group(libvirtError(errorCodes.VIR_ERR_OPERATION_DENIED)), undefined);
  });

  it('is made of everything else that can go wrong on a connection', () => {
    const cases: readonly (readonly [unknown, FailureKind])[] = [
      [new ConnectionLost('ended'), 'lost'],
      [new ProtocolViolation('x'), 'protocol'],
      [new XmlError('x'), 'failed'],
      [new Unreachable('noSocket', '/run/x'), 'unreachable'],
      [new Unreachable('refused', '/run/x'), 'unreachable'],
      [new Unreachable('denied', '/run/x'), 'denied'],
      [new AuthenticationFailed('unknown'), 'denied'],
      [new UnsupportedUri('qemu+ssh://h/system', 'ssh'), 'unsupported'],
      [new UnsupportedUri('nonsense'), 'invalid'],
      [new UnsupportedUri('qemu:///system?x=y', undefined, 'x'), 'invalid'],
      [AbortSignal.abort().reason, 'cancelled'],
      [new RangeError('not a UUID'), 'failed'],
      ['a thrown string', 'failed'],
    ];
    for (const [error, kind] of cases) {
      assert.equal(toFailure(error).kind, kind, String(error));
    }
    assert.equal(toFailure(new Unreachable('noSocket', '/run/x')).details.path, '/run/x');
    const refusedByPolkit = new AuthenticationFailed('polkit', {
      cause: libvirtError(errorCodes.VIR_ERR_AUTH_UNAVAILABLE, 'no polkit agent'),
    });
    assert.equal(toFailure(refusedByPolkit).details.libvirtMessage, 'no polkit agent');
  });

  it('that is one already comes back as it is', () => {
    const failure = new Failure('busy', { vm: 'a' });
    assert.equal(toFailure(failure, { vm: 'b' }), failure);
  });
});
