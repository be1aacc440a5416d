// Every failure that a user can meet, by kind. The sentences are made in text/failures.
import type { LoginProblem } from '../hosts/login.js';
import type { OperationRequest } from './operation.js';
import type { RecoveryReport } from './recoveryReport.js';
import type { Refusal } from './refusal.js';
import type { PowerState } from './vm.js';

export type FailureKind =
  /** The VM, snapshot or connection is not there (any more). */
  | 'notFound'
  /** A name fits two VMs; `candidates` lists them. */
  | 'ambiguous'
  /** No permission: on the socket (`group` names who may), by polkit, or a read-only connection. */
  | 'denied'
  /** No daemon answers at this address. */
  | 'unreachable'
  /** Another operation or job holds the VM. */
  | 'busy'
  /** This libvirt, QEMU or VM cannot do it. */
  | 'unsupported'
  /** The connection ended; the operation may go on in the daemon. */
  | 'lost'
  /** The peer broke the protocol; the connection was ended. */
  | 'protocol'
  /** A rule of ours refuses it before anything is touched; `refusal` says which. */
  | 'refused'
  /** A rule of ours stops it when a part of it is done; `refusal` says which, `recovered` what became of that part. */
  | 'stopped'
  /** The name is taken. */
  | 'exists'
  /** The request itself makes no sense. */
  | 'invalid'
  /** No space left on the host. */
  | 'noSpace'
  /** Our own journal, in `path`, cannot be written: nothing was begun, or it stopped between two steps. */
  | 'journal'
  /** A guest was not ready in time. */
  | 'late'
  /** The user, or another client, cancelled it. */
  | 'cancelled'
  /** libvirt or QEMU failed in a way that only its own text describes. */
  | 'failed';

export type Leftover =
  /** "paused (saving)", and nobody saves: to be resumed. */
  | { readonly kind: 'pausedSaving' }
  /** The guest's file systems still stand still. */
  | { readonly kind: 'frozen' }
  /** A tag inside an image that libvirt does not know of. */
  | { readonly kind: 'tag'; readonly file: string; readonly tag: string }
  /** An overlay or memory file of that snapshot, which the VM does not stand on. */
  | { readonly kind: 'file'; readonly file: string }
  /** It was taken for what failed then, and is whole, with its files. */
  | { readonly kind: 'snapshot'; readonly snapshot: string }
  /** A clone or fork that was to go again and did not; `used`: somebody has used it meanwhile. */
  | { readonly kind: 'vm'; readonly vm: string; readonly used?: true };

export interface NamedInFailure {
  readonly vm?: string;
  /** Another host, as it calls itself. */
  readonly host?: string;
  /** A repository of backups, or a folder of one. */
  readonly target?: string;
}

/** `nextStep` may be empty. */
export type ReasonText = readonly [reason: string, nextStep: string];

/** Why a wing does not go on: text/failures/wingFailures. */
export interface WingReason {
  readonly wing: string;
  /** Stable. */
  readonly kind: string;
  readonly facts: object;
  /** In the language of the reader, and with the ways that the reader has. */
  text(this: WingReason, named: NamedInFailure): ReasonText;
}

export interface FailureDetails extends NamedInFailure {
  /** The daemon says nothing, but its connection is open. */
  readonly silent?: true;
  /** What was being done, in a few plain words for the log. */
  readonly doing?: string;
  /** libvirt's own text, untrusted. */
  readonly libvirtMessage?: string;
  /** Whether the host has AppArmor; absent: not known. */
  readonly appArmor?: boolean;
  readonly libvirtCode?: number;
  /** That of a program that failed; absent: none was run, or it was killed. */
  readonly exitCode?: number;
  readonly snapshot?: string;
  /** Several VMs as one; `snapshot` is the title of a restore point then. */
  readonly system?: string;
  /** `notFound`: the system has no revert that could be undone. */
  readonly noRevert?: true;
  readonly connection?: string;
  /** `connection`: the parameter of the address that is unknown, not supported or has a wrong value. */
  readonly parameter?: string;
  readonly path?: string;
  /** `denied`: the group whose members have access. */
  readonly group?: string;
  /** `denied`: polkit cannot be asked, its question was answered too late, or access begins with the next login. */
  readonly entry?: 'noPolkit' | 'lateAnswer' | 'newLogin';
  /** `denied`, `unreachable` and `unsupported`: why a login at the daemon's host failed. */
  readonly login?: LoginProblem;
  /** `unreachable`: the daemon does not run and has no VMs defined. */
  readonly hasNoVms?: boolean;
  readonly candidates?: readonly string[];
  /** What the user had asked for, where it was an operation. */
  readonly request?: OperationRequest;
  /** What the VM's state was when it was read again after the failure. */
  readonly stateNow?: PowerState;
  /** It was on and is off, or the other way round: what it was when the operation was decided. */
  readonly stateBefore?: PowerState;
  /** It was on, and its QEMU ended without being told to. */
  readonly qemuEnded?: true;
  /** What had been interrupted on the VM before, and came to its end before this was begun. */
  readonly recoveredFirst?: RecoveryReport;
  /** What was done at once about an operation that had failed half way; absent where nothing was. */
  readonly recovered?: RecoveryReport['outcome'];
  /** The snapshots that are gone already, where several were to be deleted. */
  readonly deleted?: readonly string[];
  readonly refusal?: Refusal;
  /** The reason of a wing, which has rules of its own. */
  readonly reason?: WingReason;
  /** `cancelled`: a person here asked for it; otherwise another client did. */
  readonly byUs?: boolean;
  /**
   * `cancelled` and `busy`: nobody waits any longer, but the request has reached the guest or QEMU, and libvirt cannot
   * take it back.
   */
  readonly mayStillHappen?: boolean;
  /** What a snapshot that failed left behind, as far as it could be seen. */
  readonly left?: readonly Leftover[];
  /** `failed`: it was reported as done, but a check showed another result. */
  readonly unseen?: true;
  /** A snapshot that failed had left the guest's file systems frozen: they were thawed again. */
  readonly thawed?: boolean;
  /** The guest wrote to its RAM faster than it was saved: so much had been written when that was given up. */
  readonly outrunBytes?: number;
  /** The guest was asked to stop, to restart or, with `noAgent`, to thaw, and did nothing for so long. */
  readonly silentMs?: number;
  /**
   * How a program in a guest ended and what it wrote is lost: it wrote more than libvirt passes on in one answer, or
   * the agent, which answers once, was not heard in time.
   */
  readonly outputLost?: 'tooLarge' | 'unheard';
  /** No guest agent is configured or answers. */
  readonly noAgent?: true;
  /** `busy`: libvirt waited for a job of the VM and does not say who runs it. */
  readonly heldByNobody?: true;
  /** `busy`: libvirt has waited this long for the VM's QEMU, or works at a job while QEMU did not answer us. */
  readonly unanswered?: { readonly by: 'job' | 'monitor'; readonly ms: number };
  /** `busy`: the name of the other editor. */
  readonly editor?: string;
  /** `journal`: steps had run before. */
  readonly begun?: boolean;
}

/** Whether a wing threw it, for one of these reasons; none given: for any. */
export function isOfWing(error: unknown, wing: string, ...kinds: readonly string[]): error is Failure {
  const reason = error instanceof Failure ? error.details.reason : undefined;
  return reason?.wing === wing && (kinds.length === 0 || kinds.includes(reason.kind));
}

export class Failure extends Error {
  override readonly name = 'Failure';
  constructor(
    readonly kind: FailureKind,
    readonly details: FailureDetails = {},
    options?: ErrorOptions,
  ) {
    super(details.libvirtMessage ?? details.refusal?.reason ?? details.reason?.kind ?? details.doing ?? kind, options);
  }

  /** For the log: its kind, and what is known beyond that. */
  get line(): string {
    return this.message === this.kind ? this.kind : `${this.kind}: ${this.message}`;
  }

  /** Which rule it was, of the core or of a wing: stable. */
  get reason(): string | undefined {
    return this.details.refusal?.reason ?? this.details.reason?.kind;
  }
}
