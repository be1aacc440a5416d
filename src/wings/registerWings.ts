// What the wings register in the editor at its start, beside their commands.
import type { Disposable } from 'vscode';
import type { EnginePort } from '../engine/enginePort.js';
import type { SharedAttention } from './inside/editor/followedPoints.js';
import { registerFiles } from './inside/editor/registerFiles.js';

export function registerWings(engine: EnginePort, attentions: SharedAttention): readonly Disposable[] {
  return [registerFiles(engine, attentions)];
}
