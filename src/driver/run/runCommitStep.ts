// Merges the layers above a file into it while the VM is on, and lets QEMU go over to it. Removes no file, and knows no
// snapshot: libvirt's metadata would lie about layers that snapshots own.
import {
  VIR_DOMAIN_BLOCK_COMMIT_ACTIVE,
  VIR_DOMAIN_BLOCK_COMMIT_BANDWIDTH_BYTES,
  VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT,
  VIR_DOMAIN_BLOCK_JOB_CANCELED,
  VIR_DOMAIN_BLOCK_JOB_FAILED,
  VIR_DOMAIN_BLOCK_JOB_READY,
} from '../../libvirt/flags.js';
import { errorCodes, LibvirtError } from '../../libvirt/libvirtError.js';
import { Failure } from '../../domain/failure.js';
import type { Step } from '../../steps/step.js';
import { refuse } from '../../domain/refusal.js';
import { readDiskState } from './diskState.js';
import type { StepContext } from './stepContext.js';

type CommitStep = Extract<Step, { kind: 'blockCommit' }>;
type CommitContext = Pick<
  StepContext,
  'connection' | 'dom' | 'vm' | 'events' | 'signal' | 'onProgress' | 'files' | 'log'
>;

const lookEveryMs = 250;

/**
 * | the disk, as QEMU has it                  | → |
 * |-------------------------------------------|---|
 * | stands on the base                        | nothing: it is done |
 * | stands on the top, no job                 | the merge begins |
 * | stands on the top, this very merge goes on | it is taken up: the process that began it is gone |
 * | anything else                             | Failure `busy`, `refused` |
 *
 * Cancelled, the job is ended without going over: what was written into the base is shadowed by the layers above, as
 * before. Idempotent.
 */
export async function blockCommit(context: CommitContext, step: CommitStep): Promise<void> {
  const { connection, dom, vm } = context;
  const { target, base, top } = step;
  const news = new JobNews(context, target);
  try {
    const now = await readDiskState(context, target, 'running');
    if (now?.file === base && now.job === undefined) {
      return;
    }
    if (now?.file !== top) {
      throw new Failure('refused', { vm: vm.name, refusal: refuse('stalePlan', { vm: vm.name }).refusal });
    }
    if (now.job === undefined) {
      await requireSameDefinition(context, step);
      const bandwidth = Math.ceil(step.bytesPerSecond ?? 0);
      const speed = bandwidth === 0 ? 0 : VIR_DOMAIN_BLOCK_COMMIT_BANDWIDTH_BYTES;
      const flags = VIR_DOMAIN_BLOCK_COMMIT_ACTIVE | speed;
      await connection.call('domainBlockCommit', {
        dom,
        disk: target,
        base,
        top: undefined,
        bandwidth,
        flags,
      });
    } else if (now.job.kind !== 'active-commit' || now.job.file !== base) {
      throw new Failure('busy', { vm: vm.name, doing: 'merge a disk beside another job' });
    }
    await untilReady(context, step, news);
    await goOver(context, step, news);
    await requireDone(context, step);
  } finally {
    news.dispose();
  }
}

/** What the daemon says of the job by itself; a look may come too late for it. */
class JobNews {
  status: number | undefined;
  #wake: (() => void) | undefined;
  readonly #subscription: { dispose(): void };

  constructor({ events, dom }: CommitContext, target: string) {
    this.#subscription = events.onDidHappen(({ uuid, kind: what, job }) => {
      if (uuid === dom.uuid && what === 'stopped') {
        this.#wake?.();
      }
      if (uuid === dom.uuid && job?.target === target) {
        this.status = job.status;
        this.#wake?.();
      }
    });
  }

  /** Until something was said, somebody cancels, or it is time for another look. */
  async next(signal: AbortSignal): Promise<void> {
    if (signal.aborted) {
      return;
    }
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(wake, lookEveryMs);
      signal.addEventListener('abort', wake);
      this.#wake = wake;
    });
  }

  dispose(): void {
    this.#subscription.dispose();
  }
}

/** Ends when all is copied, and QEMU keeps the base equal from then on. */
async function untilReady(context: CommitContext, step: CommitStep, news: JobNews): Promise<void> {
  const { connection, dom, vm, signal, onProgress } = context;
  for (let unseen = 0; ;) {
    if (news.status === VIR_DOMAIN_BLOCK_JOB_READY) {
      return;
    }
    if (news.status === VIR_DOMAIN_BLOCK_JOB_FAILED) {
      throw await commitFailure(context, step);
    }
    if (news.status === VIR_DOMAIN_BLOCK_JOB_CANCELED) {
      throw new Failure('cancelled', { vm: vm.name, doing: step.kind });
    }
    if (signal.aborted) {
      await abort(context, step);
      throw new Failure('cancelled', { vm: vm.name, doing: step.kind });
    }
    const { found, cur, end } = await connection.call('domainGetBlockJobInfo', { dom, path: step.target, flags: 0 });
    if (found === 0) {
      // It is over: what it came to is said by its event, or by the disk.
      unseen += 1;
      if ((await readDiskState(context, step.target, 'running'))?.file === step.base) {
        return;
      }
      if (unseen > 1) {
        throw await commitFailure(context, step);
      }
    } else {
      const fraction = end > 0 ? Math.min(1, cur / end) : 0;
      onProgress({ fraction, cancellable: true });
      if (fraction === 1 && (await readDiskState(context, step.target, 'running'))?.job?.ready === true) {
        return;
      }
    }
    await news.next(signal);
  }
}

async function abort({ connection, dom, log }: CommitContext, { target }: CommitStep): Promise<void> {
  try {
    await connection.call('domainBlockJobAbort', { dom, path: target, flags: 0 });
  } catch (error) {
    // It ended by itself just before: without us nobody went over to the base.
    if (!(error instanceof LibvirtError) || error.code !== errorCodes.VIR_ERR_OPERATION_INVALID) {
      throw error;
    }
    log.info(`the job on ${target} was over already`);
  }
}

/** QEMU stands on the base when this answers. */
async function goOver(context: CommitContext, step: CommitStep, news: JobNews): Promise<void> {
  const { connection, dom, vm, signal, onProgress } = context;
  if (signal.aborted) {
    await abort(context, step);
    throw new Failure('cancelled', { vm: vm.name, doing: step.kind });
  }
  onProgress({ fraction: 1, cancellable: false });
  for (;;) {
    try {
      const flags = VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT;
      await connection.call('domainBlockJobAbort', { dom, path: step.target, flags });
      return;
    } catch (error) {
      const isStill = error instanceof LibvirtError && error.code === errorCodes.VIR_ERR_BLOCK_COPY_ACTIVE;
      if (!isStill) {
        const now = await readDiskState(context, step.target, 'running');
        if (now?.file === step.base && now.job === undefined) {
          return;
        }
        throw error;
      }
    }
    await news.next(signal);
  }
}

/** The configuration for the next start is moved on by libvirt where it names the same file, and only there. */
async function requireSameDefinition(context: CommitContext, { target, top }: CommitStep): Promise<void> {
  const { vm } = context;
  if (!vm.persistent) {
    return;
  }
  const file = (await readDiskState(context, target, 'configured'))?.file;
  if (file !== top) {
    const { refusal } = refuse('definitionDiffers', { vm: vm.name, disk: target, file: file ?? '' });
    throw new Failure('refused', { vm: vm.name, refusal });
  }
}

/**
 * @throws Failure `commitFailure` unless the VM and its configuration name the base: only then may a layer above it go
 */
async function requireDone(context: CommitContext, { target, base }: CommitStep): Promise<void> {
  const { vm } = context;
  const which = vm.persistent ? (['running', 'configured'] as const) : (['running'] as const);
  for (const one of which) {
    const file = (await readDiskState(context, target, one))?.file;
    if (file !== base) {
      throw new Failure('failed', {
        vm: vm.name,
        libvirtMessage: `${target} stands on ${file ?? 'nothing'}`,
        path: base,
      });
    }
  }
}

/** libvirt has no words for why a job failed; a full disk is the one reason that shows from outside. */
async function commitFailure({ files, vm, log }: CommitContext, { kind: doing, base }: CommitStep): Promise<Failure> {
  const folder = base.slice(0, base.lastIndexOf('/'));
  const space = await files.space(folder).catch((error: unknown) => {
    log.warn(`how much is free in ${folder} is not known: ${String(error)}`);
    return undefined;
  });
  const cluster = 2 * 1024 * 1024;
  return new Failure(space !== undefined && space.free < cluster ? 'noSpace' : 'failed', {
    vm: vm.name,
    doing,
    path: base,
    libvirtMessage: 'QEMU ended the block job with an error',
  });
}
