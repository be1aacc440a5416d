// The tools that press keys and click. Each is a step, and where the VM was reverted since the agent last saw its
// display, nothing is pressed: it would be meant for another state.
import { type Chord, chordOf, chordsOf, type Click, keyNames } from '../domain/keys.js';
import { ToolRefusal } from './refusal.js';
import { logStep } from './act.js';
import { ensureCheckpoint } from './stepCheckpoints.js';
import { beginStep, type Step } from './stepPlans.js';
import { requireSeen, stateSeen } from './stateSeen.js';
import type { ToolCall, ToolHandler } from './toolCall.js';

export const pressKeys: ToolHandler = async (work) => {
  const words = work.input['keys'] as readonly string[];
  const chords = words.map((word) => chordOf(word));
  const unknown = words.find((_, at) => chords[at] === undefined);
  if (unknown !== undefined || words.length === 0) {
    throw new ToolRefusal(
      'invalid',
      `${unknown === undefined ? 'No key was given' : `${JSON.stringify(unknown)} is no key`}. Keys are letters, digits, signs of a US keyboard and ${keyNames.join(', ')}; those that are held together are joined, as in ctrl+alt+f2.`,
    );
  }
  return press(work, 'press_keys', words.join(' '), chords as readonly Chord[]);
};

export const typeText: ToolHandler = async (work) => {
  const text = String(work.input['text']);
  const chords = chordsOf(text);
  if ('noKey' in chords) {
    throw new ToolRefusal(
      'invalid',
      `${JSON.stringify(chords.noKey)} is on no key of a US keyboard. run_in_guest takes any text.`,
    );
  }
  // What is typed may be a password.
  return press(work, 'type_text', `${text.length} characters`, chords);
};

export const click: ToolHandler = async (work) => {
  const { x, y, button = 'left', times = 1 } = work.input;
  const step = await beginHand(work);
  if (work.tools.looked.get(step.view.ref.uuid) === undefined) {
    throw new ToolRefusal('notSeen', `What is at ${Number(x)}, ${Number(y)} was not seen. Use take_screenshot first.`);
  }
  const where = { x, y, button, times } as unknown as Click;
  return act(step, 'click', `${String(button)} at ${String(x)}, ${String(y)}`, () =>
    work.session.engine.guests.click(step.view.ref, where),
  );
};

async function press(work: ToolCall, tool: string, what: string, chords: readonly Chord[]): ReturnType<ToolHandler> {
  const step = await beginHand(work);
  return act(step, tool, what, () => work.session.engine.guests.pressKeys(step.view.ref, chords, work.signal));
}

async function beginHand(work: ToolCall): Promise<Step> {
  const step = await beginStep(work, 'act');
  if (step.view.vm.power !== 'running') {
    throw new ToolRefusal('notRunning', `${step.view.vm.name} is not running, so nothing can be pressed.`);
  }
  await requireSeen(work, step.view);
  return step;
}

async function act(step: Step, tool: string, what: string, hand: () => Promise<void>): ReturnType<ToolHandler> {
  const { work, view } = step;
  const { tools } = work;
  return logStep(step, tool, what, async (report) => {
    await ensureCheckpoint(step, report);
    // As late as can be: a checkpoint takes its time.
    await requireSeen(work, view);
    tools.fresh.delete(view.ref.uuid);
    await hand();
    if (tools.looked.has(view.ref.uuid)) {
      tools.looked.set(view.ref.uuid, await stateSeen(work, view));
    }
    return {};
  });
}
