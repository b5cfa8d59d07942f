// A whole session in the editor over the newest contract and over that of 4.5: tools, a question, a compaction, its
// undoing, and on from there; the server on the loopback enforces each.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';

import { Stage } from './stage.mjs';
import { eventually, obstacle } from './workbench.mjs';

const FILE = 'toolshed/lending.py';
const read = (file) => ({ calls: [{ tool: 'read_file', args: { path: file, full: true } }] });
const REPLIES = [
  { text: 'Reading it first.', thinking: 'What is in it?', ...read(FILE) },
  {
    text: '[DECISION]: Call it hand_out because lend says too little',
    thinking: 'A better name.',
    calls: [{ tool: 'edit_file', args: { path: FILE, old: 'def lend(self', new: 'def hand_out(self' } }],
  },
  { text: 'Renamed.', thinking: 'Done.' },
  { text: 'Now the store.', thinking: 'It is long.', ...read('toolshed/store.py') },
  { text: 'The store stays.', thinking: 'It does.' },
  { text: 'The tests as well.', ...read('tests/test_lending.py') },
  { text: 'They pass.' },
  { text: 'That is all.' },
  { text: 'Once more.', thinking: 'After the compaction.', ...read(FILE) },
  { text: 'As it was left.', thinking: 'Good.' },
  { text: 'Everything is here again.' },
];

for (const model of ['claude-sonnet-5-5', 'claude-sonnet-4-5']) {
  describe(`a session over the contract of ${model}`, { skip: obstacle() }, () => {
    let stage, chat;
    before(async () => {
      stage = await Stage.set({ replies: REPLIES, settings: { 'throughline.model': model } });
      ({ chat } = stage);
    });
    after(() => stage?.strike());
    const prove = (name, work) => it(name, () => stage.witness(`${model}-${name}`, work));
    const said = (words) => chat.locator('.agent-row').getByText(words);

    prove('acts and asks', async () => {
      await stage.workbench.command('Throughline: Start Session');
      await stage.workbench.answer('rename a method');
      await stage.workbench.pick('Engineer');
      await stage.say('Give lend a better name.');
      await chat.locator('.ask').waitFor();
      await chat.getByRole('button', { name: 'Allow once' }).click();
      await said('Renamed.').waitFor();
      assert.match(await readFile(path.join(stage.folder, FILE), 'utf8'), /def hand_out\(self/);
      const turns = [['And the store?', 'The store stays.'], ['And the tests?', 'They pass.'], ['What else?', 'That is all.']];
      for (const [words, reply] of turns) {
        await stage.say(words);
        await said(reply).waitFor();
      }
    });

    prove('shows what was thought, folded', async () => {
      const thought = chat.locator('details.thought').first();
      await thought.waitFor();
      assert.equal(await thought.getAttribute('open'), null);
      // What the newest models say before a call is thinking, too: that the model was the one that was set.
      assert.equal(await said('Reading it first.').count(), model.endsWith('4-5') ? 1 : 0);
    });

    prove('compacts, and goes on from the summary', async () => {
      await stage.workbench.command('Throughline: Compact Now');
      await chat.locator('.compaction-row').getByText(/Compacted turns/).waitFor();
      await stage.say('Look once more.');
      await said('As it was left.').waitFor();
    });

    prove('undoes it, and goes on from all that was said', async () => {
      await chat.locator('.compaction-row').getByRole('button', { name: 'Undo' }).click();
      await chat.locator('.compaction-row').getByText('undone').waitFor();
      await stage.say('Is it all here?');
      await said('Everything is here again.').waitFor();
    });

    prove('remembers what was decided between two calls', () =>
      eventually(
        'the decision in the memory',
        async () => (await stage.workbench.rows('Memory')).map((row) => row.label).join('\n'),
        (rows) => rows.includes('Call it hand_out'),
      ));

    prove('is refused nothing', () => assert.deepEqual(stage.refused, []));
    prove('leaves no error in any page', () => assert.deepEqual(stage.workbench.errors, []));
  });
}
