// What is done with the guest: its console, its display, its files.
import { inMenu, onRow, type Verb } from './verb.js';

export const guestVerbs = {
  copyIpAddress: {
    title: 'Copy IP Address',
    icon: 'globe',
    arguments: ['vm'],
    places: [inMenu('guest', '2_network@1', { is: ['vm', 'pausable'], rows: 'one' })],
  },
  runInGuest: {
    title: 'Run in Guest…',
    icon: 'play',
    arguments: ['vm', 'program'],
    places: [inMenu('guest', '3_files@0', { is: ['vm', 'pausable'], rows: 'one' })],
  },
  copyFile: {
    title: 'Copy File…',
    icon: 'cloud-upload',
    arguments: ['vm', 'to', 'file', 'guestPath', 'confirm'],
    places: [inMenu('guest', '3_files@1', { is: ['vm', 'pausable'], rows: 'one' })],
  },
  setSpeed: {
    title: 'Set Speed…',
    icon: 'dashboard',
    arguments: ['vm', 'like'],
    places: [inMenu('guest', '4_speed@1', { is: ['vm', 'pausable'], rows: 'one' })],
  },
  openDisplay: {
    title: 'Open Display',
    icon: 'vm',
    arguments: ['vm'],
    places: [inMenu('guest', '1_console@3', { is: ['display', 'pausable'], rows: 'one' })],
  },
  showScreenshot: {
    title: 'Show Screenshot',
    icon: 'device-camera',
    arguments: ['vm'],
    places: [inMenu('guest', '1_console@4', { is: ['display', 'pausable|resumable'], rows: 'one' })],
  },
  openConsole: {
    title: 'Open Console',
    icon: 'terminal',
    arguments: ['vm'],
    places: [onRow('4_vm@2', { is: ['vm'], rows: 'one' })],
  },
  openConsoleLog: {
    title: 'Open Console Log',
    icon: 'output',
    arguments: ['vm'],
    places: [inMenu('guest', '1_console@2', { is: ['consoleLog'], rows: 'one' })],
  },
} as const satisfies Record<string, Verb>;
