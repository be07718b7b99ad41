// Starts `enasc lsp` and lets VS Code talk to it.
const { workspace } = require("vscode");
const { LanguageClient, TransportKind } = require("vscode-languageclient/node");

let client;

function activate() {
  const command = workspace.getConfiguration("enas").get("server", "enasc");
  const server = { command, args: ["lsp"], transport: TransportKind.stdio };
  client = new LanguageClient("enas", "enasc", server, {
    documentSelector: [{ language: "enas" }],
    // A file that another one uses may change outside of the editor.
    synchronize: { fileEvents: workspace.createFileSystemWatcher("**/*.enas") },
  });
  return client.start();
}

function deactivate() {
  return client?.stop();
}

module.exports = { activate, deactivate };
