// The notification of a question that lasts: what it waits for, and Cancel.
import type { Disposable } from '../../base/disposable.js';
import type { EnginePort } from '../../engine/enginePort.js';
import { slowLookText } from '../../text/operations/slowLookText.js';
import { notifyProgress } from '../prompts/notify.js';

const tickMs = 1_000;

export function slowLooks(engine: EnginePort): Disposable {
  return engine.onDidWait((look) => {
    const name = engine.findVm(look.vm)?.vm.name ?? look.vm.uuid;
    void notifyProgress(name, true, async (report, cancellation) => {
      const cancelling = cancellation.onCancellationRequested(look.cancel);
      const show = (): void => report(slowLookText(look));
      show();
      const timer = setInterval(show, tickMs);
      try {
        await look.ended;
      } finally {
        clearInterval(timer);
        cancelling.dispose();
      }
    });
  });
}
