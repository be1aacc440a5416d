// When a VM of a system starts, as a row says it: nothing that holds is left out, and no name turns the line around.
import assert from 'node:assert/strict';
import type { StartWait, SystemMember } from '../../../src/domain/system.js';
import { circleText, startLine } from '../../../src/text/systems/startText.js';

const member = (name: string, after?: readonly string[], wait?: StartWait): SystemMember => ({
  connection: 'qemu:///system',
  uuid: name,
  name,
  ...(after !== undefined && { after }),
  ...(wait !== undefined && { wait }),
});

describe('when a VM of a system starts', () => {
  const db = member('db');
  const line = (after?: readonly string[], wait?: StartWait): string => {
    const api = member('api', after, wait);
    return startLine(api, [db, api]);
  };

  it('is told whole: after whom, what counts as up, and how long is waited for that', () => {
    assert.equal(line(), 'starts immediately');
    assert.equal(line(['db']), 'starts after db');
    assert.equal(
      line(['db'], { kind: 'agent', seconds: 60 }),
      'starts after db · ready when its guest agent answers · at most 60 s',
    );
    assert.match(
      line([], { kind: 'port', port: 22, seconds: 60 }),
      /^starts immediately · ready when port 22 answers · /u,
    );
    assert.match(line([], { kind: 'port', port: 22, host: '::1', seconds: 60 }), /port 22 of ::1 answers/u);
    assert.match(
      line([], { kind: 'command', program: 'true', args: [], seconds: 60 }),
      /true exits with code 0 · .*60 s/u,
    );
    assert.equal(line([], { kind: 'time', seconds: 5 }), 'starts immediately · ready after 5 s');
  });

  it('is at once, where whom it came after is no member any more', () => {
    assert.equal(line(['gone']), 'starts immediately');
  });

  it('is never in a circle, whose VMs are named on one line', () => {
    const said = circleText(['db', 'a\u202epi\nweb']);
    assert.match(said, /: db, api web\.$/u);
  });
});
