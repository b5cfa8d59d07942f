// One of each thing that the page object can drive.
const vscode = require('vscode');

const fruit = { Apple: ['Braeburn', 'Gala'], Pear: [] };

exports.activate = () => {
  const status = vscode.window.createStatusBarItem('mood', vscode.StatusBarAlignment.Left);
  status.text = '$(smiley) Rig ready';
  status.show();

  const fill = (webview, word) => {
    webview.options = { enableScripts: true };
    webview.html = `<h1>${word}</h1><button id="press">Press</button> <button id="spill">Spill</button><script>
      const editor = acquireVsCodeApi();
      press.addEventListener('click', () => editor.postMessage('${word} pressed'));
      spill.addEventListener('click', () => { console.error('spilt milk'); throw new Error('spilt tea'); });
    </script>`;
    webview.onDidReceiveMessage((message) => { status.text = message; });
  };
  vscode.window.registerWebviewViewProvider('rig.side', { resolveWebviewView: ({ webview }) => fill(webview, 'View') });
  vscode.window.registerTreeDataProvider('rig.fruit', {
    getChildren: (name) => (name ? fruit[name] : Object.keys(fruit)),
    getTreeItem: (name) => ({ label: name, description: `a ${name}`, collapsibleState: fruit[name]?.length ? 1 : 0 }),
  });
  vscode.languages.registerHoverProvider('*', {
    provideHover: (document, position) => {
      const word = document.getText(document.getWordRangeAtPosition(position));
      return new vscode.Hover(`The word ${word}`);
    },
  });

  const say = (text) => vscode.window.showInformationMessage(text);
  const commands = {
    page: () => fill(vscode.window.createWebviewPanel('rig.page', 'Rig Page', vscode.ViewColumn.One).webview, 'Panel'),
    ask: async () => {
      const taste = await vscode.window.showQuickPick(['Sweet', 'Sour']);
      say(`${taste} ${await vscode.window.showInputBox({ prompt: 'Which fruit?' })}`);
    },
    mark: (uri, all) => say(`Marked ${all.map((one) => vscode.workspace.asRelativePath(one)).join(', ')}`),
    peel: (name) => say(`Peeled ${name}`),
  };
  for (const [name, run] of Object.entries(commands)) vscode.commands.registerCommand(`rig.${name}`, run);
};
