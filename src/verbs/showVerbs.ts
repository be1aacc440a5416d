// What shows and compares.
import { inEditor, inMenu, inTitle, onRow, type Verb } from './verb.js';

export const showVerbs = {
  showPicture: {
    title: 'Show Picture',
    icon: 'type-hierarchy',
    arguments: ['vm', 'snapshot', 'system'],
    places: [onRow('5_show@1', { is: ['picturable'], rows: 'one' })],
  },
  goToCurrent: {
    title: 'Go to Current',
    icon: 'location',
    arguments: ['vm'],
    places: [inMenu('show', '2_show@0', { is: ['named'], rows: 'one' })],
  },
  compareSnapshots: {
    title: 'Compare…',
    icon: 'diff',
    arguments: ['vm', 'snapshot', 'other'],
    remark: 'without `other`: asks for it',
    places: [
      onRow('0_compare@1', { is: ['comparable'], rows: 'several' }),
      onRow('5_show@4', { is: ['comparable'], rows: 'one' }),
    ],
  },
  showXmlDifference: {
    title: 'Show XML Difference',
    icon: 'diff',
    arguments: [],
    palette: 'virtRewind.comparison',
    places: [inEditor('navigation@1', 'virtRewind.comparison')],
  },
  showFiles: {
    title: 'Show Files…',
    icon: 'files',
    arguments: ['vm', 'snapshot'],
    places: [inMenu('show', '2_show@1', { is: ['named'], rows: 'one' })],
  },
  showXml: {
    title: 'Show XML',
    icon: 'code',
    arguments: ['vm', 'snapshot'],
    places: [inMenu('show', '2_show@2', { is: ['named'], rows: 'one' })],
  },
  copyName: {
    title: 'Copy Name',
    icon: 'copy',
    arguments: ['vm', 'snapshot'],
    places: [inMenu('show', '1_copy@1', { is: ['named'] })],
    keys: [{ key: 'ctrl+c', on: 'row' }],
  },
  copyVirshCommand: {
    title: 'Copy virsh Command',
    icon: 'terminal',
    arguments: ['vm', 'snapshot', 'operation'],
    remark: 'and those of that operation',
    places: [inMenu('show', '1_copy@2', { is: ['named'], rows: 'one' })],
  },
  showAllVms: {
    title: 'Show All VMs',
    icon: 'table',
    arguments: [],
    places: [inTitle('1_show@0')],
  },
  exportVms: {
    title: 'Export List of VMs…',
    icon: 'export',
    arguments: [],
    remark: 'the selected VMs, or all',
    places: [inMenu('show', '1_copy@3', { is: ['vm'], rows: 'several' })],
  },
  showHistory: {
    title: 'Show History',
    icon: 'book',
    arguments: [],
    places: [inTitle('2_log@2')],
  },
  showLog: {
    title: 'Show Log',
    icon: 'output',
    arguments: [],
    places: [
      inTitle('2_log@1'),
      onRow('inline@2', { is: ['failure'] }),
      onRow('6_care@9', { is: ['connection|failure'], rows: 'one' }),
    ],
  },
} as const satisfies Record<string, Verb>;
