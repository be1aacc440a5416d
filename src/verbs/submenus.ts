// The menus inside a row's menu, and where each stands.
import { onRow, type Place, type SubmenuName } from './verb.js';

export const submenus: Readonly<Record<SubmenuName, Place>> = {
  power: onRow('4_vm@1', { is: ['vm|here|system'] }),
  guest: onRow('4_vm@2', { is: ['vm'] }),
  health: onRow('6_care@1', { is: ['vm'] }),
  show: onRow('5_show@3', { is: ['named'] }),
  clone: onRow('4_vm@3', { is: ['cloneable'], rows: 'one' }),
};
