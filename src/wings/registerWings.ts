// What the wings register in the editor at its start, beside their commands.
import type { Disposable } from '../base/disposable.js';
import type { EnginePort } from '../engine/enginePort.js';
import { registerSchedules } from './copies/editor/registerSchedules.js';
import type { NoticeOptions, SeenViews } from './copies/editor/scheduleNotices.js';
import type { SharedAttention } from './inside/editor/followedPoints.js';
import { registerFiles } from './inside/editor/registerFiles.js';

export function registerWings(
  engine: EnginePort,
  attentions: SharedAttention & SeenViews,
  notices: NoticeOptions,
): readonly Disposable[] {
  return [registerFiles(engine, attentions), registerSchedules(attentions, notices)];
}
