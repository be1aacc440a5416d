// Tests that stand on each other, on one stage: the first that fails is the last that runs, and what it saw is kept.
import { pictureOfFailure, type Stage } from './stage.js';

/** Undone in the opposite order when the tests are over. */
export type Ends = (() => Promise<unknown>)[];

/**
 * To be called within `describe`.
 * @param prepare puts an end in for each thing that it makes, before it makes it
 * @returns the stage, once it is open
 */
export function stepsOnStage(prepare: (ends: Ends) => Promise<Stage>): () => Stage {
  const ends: Ends = [];
  let stage: Stage | undefined;
  let broken = false;

  before('what the steps need, and VS Code', async () => {
    const opened = await prepare(ends);
    ends.push(opened.stop);
    stage = opened;
  });
  beforeEach(function () {
    // One step stands on the other; what comes after a failure would only fail slowly.
    if (broken) this.skip();
  });
  afterEach(async function () {
    broken ||= this.currentTest?.isFailed() === true;
    await pictureOfFailure(stage, this.currentTest);
  });
  after(async () => {
    for (const end of ends.reverse()) await end();
  });
  return () => {
    if (stage === undefined) throw new Error('the stage is not open yet');
    return stage;
  };
}
