// What the wings register in the editor at its start, beside their commands.
import type { Disposable } from 'vscode';
import type { EnginePort } from '../engine/enginePort.js';
import { registerFiles } from './inside/editor/registerFiles.js';

export function registerWings(engine: EnginePort): readonly Disposable[] {
  return [registerFiles(engine)];
}
