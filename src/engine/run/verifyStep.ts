// Looks whether a step that was reported as done is to be seen in the VM, its snapshots and its images. Decides nothing
// of what comes then.
import { Failure } from '../../domain/failure.js';
import type { Facts } from '../../domain/facts.js';
import { asFailure } from '../../domain/asFailure.js';
import type { ImageFacts, Observation } from '../../domain/hostFiles.js';
import { imagesOf, findBrokenPromise, promiseOf } from '../../steps/stepPromise.js';
import type { Step } from '../../steps/step.js';
import type { FreshLook } from '../look/freshLook.js';
import type { Lease } from '../leases/leases.js';

/**
 * Called before a step, with the world as it was read last; what it returns, after it: that rejects where it is not to
 * be seen.
 */
export type WatchStep = (step: Step) => () => Promise<void>;

/** @param decidedOn its images and frozen disks: what the steps change of them is told by `promiseOf` */
export function watchSteps(look: FreshLook, lease: Lease, decidedOn: Facts): WatchStep {
  const { request, live, log } = lease;
  return (step) => {
    const { vm, tree = decidedOn.tree } = look.view(request.vm);
    const promised = promiseOf(step, { ...decidedOn, vm, tree });
    return async () => {
      if (promised === undefined) {
        return;
      }
      try {
        await live.read(vm.uuid, ['vm', 'tree']);
      } catch (error) {
        // A transient VM ends with all that could be looked at.
        if (asFailure(error).kind === 'notFound') {
          return;
        }
        throw error;
      }
      const { files } = await live.open();
      const images = new Map(
        await Promise.all(
          imagesOf(promised).map(async (file): Promise<[string, Observation<ImageFacts>]> => [
            file,
            await files.image(file, 'qcow2', 'tags'),
          ]),
        ),
      );
      const now = look.view(request.vm);
      const unseen = findBrokenPromise(promised, {
        ...decidedOn,
        vm: now.vm,
        tree: now.tree ?? tree,
        files: { freeBytes: new Map(), canAct: new Map(), lists: new Map(), files: new Map(), images },
      });
      if (unseen !== undefined) {
        log.error(`${step.kind} was reported as done, and ${unseen.what.join(', ')}`);
        const left = unseen.left.map((tag) => ({ kind: 'tag' as const, ...tag }));
        throw new Failure('failed', {
          vm: vm.name,
          doing: `${step.kind}: reported as done, and ${unseen.what.join(', ')}`,
          unseen: true,
          ...(left.length === 0 ? {} : { left }),
        });
      }
    };
  };
}
