// What stands around the chat: badges in the explorer, the report, the doctor and the walkthrough.

import { after, before, describe, it } from 'node:test';

import { ID, Stage } from './stage.mjs';
import { eventually, obstacle } from './workbench.mjs';

const FILE = 'toolshed/lending.py';

describe('around the chat', { skip: obstacle() }, () => {
  let stage, workbench;
  before(async () => {
    stage = await Stage.set({});
    ({ workbench } = stage);
    await stage.chat.getByRole('button', { name: 'Play the recorded demo' }).click();
    await stage.next.waitFor();
  });
  after(() => stage?.strike());
  const prove = (name, work) => it(name, () => stage.witness(name, work));

  prove('a badge says how the model knows a file', async () => {
    await workbench.explorerMenu(FILE, 'Inject Skeleton');
    const badge = async () => (await workbench.explorerRow(FILE)).locator('.monaco-icon-label').getAttribute('aria-label');
    await eventually('the badge', badge, (text) => text.includes('the model has its skeleton'));
  });

  prove('the status bar opens the report', async () => {
    await workbench.status(ID).click();
    await (await workbench.tab('Session Report.md')).first().waitFor();
  });

  prove('the doctor says what works', async () => {
    await workbench.command('Throughline: Run Doctor');
    await (await workbench.tab('Doctor.md')).first().waitFor();
    await workbench.screenshot('doctor-light');
  });

  prove('a walkthrough shows the first steps', async () => {
    await workbench.command('Welcome: Open Walkthrough...');
    await workbench.pick('Start with Throughline');
    await workbench.page.getByText('See a session of fifty turns').first().waitFor();
    await workbench.screenshot('walkthrough-light');
  });
});
