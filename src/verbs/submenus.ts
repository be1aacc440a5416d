// The menus inside a row's menu, and where each stands: on a VM, what is not needed each day stands in one of its own.
import { inMenu, onRow, type Place, type SubmenuName } from './verb.js';

export const submenus: Readonly<Record<SubmenuName, readonly Place[]>> = {
  power: [onRow('4_vm@1', { is: ['vm|here|system'] })],
  guest: [onRow('4_vm@3', { is: ['vm'], rows: 'one' })],
  clone: [onRow('4_vm@4', { is: ['cloneable'], rows: 'one' })],
  show: [inMenu('more', '1_show@1', { is: ['vm'] }), onRow('5_show@9', { is: ['snapshot'] })],
  health: [inMenu('more', '2_care@1', { is: ['vm'] })],
  more: [onRow('6_care@1', { is: ['vm'] })],
};
