// Slows down the disks or the networks of a running VM, or shows how fast they are.
import { type Speed, speedOf } from '../../domain/speed.js';
import { speedWords } from '../../domain/speedWords.js';
import { requireSpeed, setSpeed } from '../../session/setSpeed.js';
import { noSpeedText, speedNowText, speedSetText } from '../../text/guests/speedText.js';
import { agreeTo } from '../agree.js';
import type { Answers } from '../answers.js';
import { CliError } from '../commandError.js';
import type { Context } from '../context.js';
import type { CommandAnswer } from '../printed.js';

export async function speed(context: Context): Promise<CommandAnswer> {
  const { call, session } = context;
  const view = await session.vm(call.operands[0] ?? '');
  const wanted = speedWords[call.texts['like'] as keyof typeof speedWords] as Speed | undefined;
  const name = view.vm.name;
  requireSpeed(view.vm);
  if (wanted !== undefined) {
    if (session.isProtected(view.vm)) {
      await agreeTo(context, { lines: [], confirm: '', asks: false, isProtected: name, typed: name });
    }
    if ((await setSpeed(session.engine, view, wanted, context.interruption.signal)) === 'none') {
      throw new CliError('refused', noSpeedText(name));
    }
  }
  const tuning = await session.engine.guests.tuningOf(view.ref);
  return {
    answer: {
      vm: session.infoOf(session.view(view)),
      limits: { disks: tuning.disks, networks: tuning.networks },
    } satisfies Answers['speed'],
    text: wanted === undefined ? speedNowText(speedOf(tuning)) : speedSetText(wanted, name),
  };
}
