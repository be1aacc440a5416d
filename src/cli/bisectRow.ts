// The row of `bisect` in the table of commands.
import { snapshotOption } from './commandShape.js';

export const bisectRow = {
  summary: 'find the first restore point at which a check fails',
  operands: [
    { name: 'VM', kind: 'vm', needed: 'optional' },
    { name: 'PROGRAM ARGUMENT', kind: 'program', needed: 'several' },
  ],
  options: {
    good: snapshotOption('a restore point that is good; the search begins after it'),
    bad: snapshotOption('a restore point that is bad; the search ends before it'),
    skip: { ...snapshotOption('do not try this one; may be said again'), multiple: true },
    run: { type: 'boolean', help: 'the check is PROGRAM on this computer, with the clone in its environment' },
    'in-guest': { type: 'boolean', help: 'the check is PROGRAM in the clone, by its guest agent' },
    'in-console': { type: 'boolean', help: 'the check is PROGRAM in the clone, typed at its serial console' },
    off: { type: 'boolean', help: 'with --run: clones are not started' },
    network: { type: 'boolean', help: 'the clones are on the networks of the VM; else on none' },
    jobs: { type: 'string', short: 'j', value: 'N', help: 'clones at once; else as there is room' },
    tries: {
      type: 'string',
      value: 'N',
      help: 'of a flaky check, at most, each on a new clone; the majority decides',
    },
    seconds: { type: 'string', value: 'N', help: 'of one check, 300 unless given; what takes longer is bad' },
    'start-seconds': {
      type: 'string',
      value: 'N',
      help: 'for a clone to come up, 300 unless given; else it is skipped',
    },
    resume: { type: 'boolean', help: 'go on with one that was broken off' },
    log: { type: 'boolean', help: 'say what is known so far' },
    stop: { type: 'boolean', help: 'end one: its clones are removed, and it is forgotten' },
    plan: { type: 'boolean', help: 'say what would be done, and do nothing' },
  },
  more: 'Each restore point is tried on a clone; the VM is not touched. Exit codes of PROGRAM are as for git bisect run: 0 is good, 125 skips, 1 to 124 are bad, all else ends the search. Without PROGRAM you are asked. A search that broke off goes on with --resume.',
  examples: [
    'virt-rewind bisect web-test --good clean --in-guest -- systemctl is-active nginx',
    'virt-rewind bisect web-test --jobs 2 --network --run -- ./check.sh',
    'virt-rewind bisect --resume',
  ],
} as const;
