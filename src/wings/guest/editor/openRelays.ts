// The addresses for debuggers that this window has given out, by VM. Closed with the window: a guest that a debugger
// holds would stand still otherwise.
import type { AtStart } from '../../wing.js';
import type { DebugRelay } from '../debug/debugRelay.js';

export const openRelays = new Map<string, DebugRelay>();

export const closeRelays: AtStart = () => ({
  dispose: () => {
    openRelays.forEach((relay) => void relay.close());
    openRelays.clear();
  },
});
