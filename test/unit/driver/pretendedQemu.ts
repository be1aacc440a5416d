// A QEMU behind a libvirt, both pretended, as far as a snapshot of a running guest's RAM asks them. A test that acts
// meanwhile gets each call.
import { setImmediate as turn } from 'node:timers/promises';
import type { Connection } from '../../../src/libvirt/connection.js';
import { errorCodes, LibvirtError } from '../../../src/libvirt/libvirtError.js';
import type { HostFiles } from '../../../src/domain/hostFiles.js';
import { versionOf } from '../../../src/domain/capabilities.js';
import type { SavedFile } from '../../../src/driver/hypervisor.js';
import type { SeamlessAccess, StepContext } from '../../../src/driver/run/stepContext.js';
import { silentLog } from '../../silentLog.js';
import { capabilities, disk, vm } from '../domain/someFacts.js';

function noSnapshot(): LibvirtError {
  const none = { str1: undefined, str2: undefined, str3: undefined, int1: 0, int2: 0, dom: undefined, net: undefined };
  const code = errorCodes.VIR_ERR_NO_DOMAIN_SNAPSHOT;
  return new LibvirtError('domainSnapshotGetXmlDesc', { code, domain: 10, message: 'no', level: 2, ...none });
}

/** VIR_DOMAIN_SNAPSHOT_CREATE_LIVE */
export const live = 256;
const base = '/img/web.qcow2';
const running = 1;
const paused = 3;

export class PretendedQemu {
  /** The version of the program that runs the VM. */
  version = { major: 10, minor: 0, micro: 2 };
  status = 'none';
  blockers: readonly string[] = [];
  /** A virDomainJobType. */
  job = 0;
  guards = false;
  writes = 7;
  state = running;
  tainted: readonly string[] = [];
  file = base;
  /** How the VM is described, in place of the least of it. */
  xml: string | undefined;
  /** Whether its user may guard memory. */
  may: 'yes' | 'byDevice' | 'no' = 'yes';
  /** In QEMU's words, or libvirt's. */
  readonly calls: string[] = [];
  readonly removed: string[] = [];
  /** The flags of each snapshot that libvirt was asked for. */
  readonly flags: number[] = [];
  /** What others do, just before a call is answered. */
  meanwhile: (call: string) => void = () => undefined;
  /** What QEMU refuses, by its command. */
  readonly refuses = new Map<string, string>();

  readonly connection = {
    call: (name: string, args: { readonly cmd?: string; readonly xmlDesc?: string; readonly flags?: number }) => {
      const command =
        args.cmd === undefined
          ? undefined
          : (JSON.parse(args.cmd) as { execute: string; arguments?: Record<string, unknown> });
      const call = command?.execute ?? name;
      this.calls.push(call);
      this.meanwhile(call);
      if (name === 'domainSnapshotCreateXml') {
        this.flags.push(args.flags ?? 0);
      }
      if (name === 'domainSnapshotGetXmlDesc') {
        return this.flags.includes(live)
          ? Promise.resolve({
              xml: Buffer.from('<domainsnapshot><name>s</name><state>running</state></domainsnapshot>'),
            })
          : Promise.reject(noSnapshot());
      }
      return Promise.resolve(
        command === undefined
          ? this.#libvirt(name, args.xmlDesc ?? '')
          : { result: JSON.stringify(this.#qemu(command)) },
      );
    },
  } as unknown as Connection;

  #libvirt(name: string, xml: string): unknown {
    switch (name) {
      case 'domainGetState':
        return { state: this.state, reason: 1 };
      case 'domainSuspend':
        this.state = paused;
        return {};
      case 'domainResume':
        this.state = running;
        return {};
      case 'domainGetMessages':
        return { msgs: this.tainted };
      case 'domainGetJobStats':
        return { type: this.job };
      case 'domainSnapshotCreateXml':
        this.file = xml.includes('<domain>') || this.file !== base ? this.file : '/img/web.s';
        return {};
      case 'domainGetXmlDesc':
        return {
          xml:
            this.xml ??
            `<domain type='kvm'><name>web</name><uuid>${vm().uuid}</uuid><devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${this.file}'/><target dev='vda' bus='virtio'/></disk></devices></domain>`,
        };
      case 'domainSnapshotCurrent':
        return { snap: { name: 'before' } };
      case 'domainBlockCommit':
        this.file = '/img/web.qcow2';
        return {};
      case 'domainGetBlockJobInfo':
        return { found: 0, cur: 0, end: 0 };
      default:
        return {};
    }
  }

  #qemu({ execute, arguments: given = {} }: { execute: string; arguments?: Record<string, unknown> }): unknown {
    const no = this.refuses.get(execute);
    if (no !== undefined) {
      return { error: { class: 'GenericError', desc: no } };
    }
    switch (execute) {
      case 'query-version':
        return { return: { qemu: this.version, package: 'Debian' } };
      case 'query-migrate':
        return {
          return: {
            status: this.status,
            ram: { normal: 1, total: 4, transferred: 4 },
            'blocked-reasons': this.blockers,
          },
        };
      case 'query-migrate-capabilities':
        return { return: [{ capability: 'background-snapshot', state: this.guards }] };
      case 'migrate-set-capabilities':
        this.guards = (given['capabilities'] as readonly { state: boolean }[])[0]!.state;
        return { return: {} };
      case 'query-blockstats':
        return { return: [{ device: '', stats: { wr_operations: this.writes, rd_operations: 3 } }] };
      case 'query-fdsets':
        return {
          return: [
            { 'fdset-id': 4, fds: [{ fd: 9, opaque: 'virt-rewind' }] },
            { 'fdset-id': 5, fds: [{ fd: 10 }] },
          ],
        };
      case 'migrate':
        this.status = 'completed';
        return { return: {} };
      case 'migrate_cancel':
        this.status = 'cancelled';
        return { return: {} };
      default:
        return { return: {} };
    }
  }

  context(): StepContext {
    const files = {
      // A program that is started takes longer than what fails at once.
      createOverlay: () => turn(),
      remove: (file: string) => Promise.resolve(void this.removed.push(file)),
    } as unknown as HostFiles;
    const known = vm({ disks: [disk('vda', '/img/web.qcow2')] });
    return {
      connection: this.connection,
      vm: known,
      dom: { name: known.name, uuid: known.uuid, id: 1 },
      files,
      capabilities: { ...capabilities(11, 3), hypervisor: versionOf(10, 0) },
      signal: new AbortController().signal,
      onProgress: () => undefined,
      openAnother: () => Promise.resolve(this.connection),
      closeAnother: () => undefined,
      events: { onDidHappen: () => ({ dispose: () => undefined }) },
      log: silentLog,
    } as unknown as StepContext;
  }

  /** `kept`: what became of the file with the RAM. */
  access(
    handOver: SavedFile['handOver'] = (_, how) => Promise.resolve(how === 'inSet' ? 4 : undefined),
  ): SeamlessAccess & { readonly kept: string[] } {
    const kept: string[] = [];
    return {
      kept,
      obstacle: () => Promise.resolve(undefined),
      mayGuard: () => Promise.resolve(this.may),
      begin: () =>
        Promise.resolve({
          start: 4096,
          handOver,
          finish: () => Promise.resolve(void kept.push('finished')),
          discard: () => Promise.resolve(void kept.push('discarded')),
        }),
    };
  }
}
