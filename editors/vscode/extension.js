// Starts `atalanta lsp` and connects the editor to it.
const { workspace } = require("vscode");
const { LanguageClient, TransportKind } = require("vscode-languageclient/node");

let client;

function activate(context) {
  const command = workspace.getConfiguration("atalanta").get("path", "atalanta");
  const server = { command, args: ["lsp"], transport: TransportKind.stdio };
  const documentSelector = [{ language: "xql" }, { language: "xif" }];
  client = new LanguageClient("atalanta", "XQL (Atalanta)", { run: server, debug: server }, { documentSelector });
  context.subscriptions.push({ dispose: () => client.stop() });
  return client.start();
}

function deactivate() {
  return client ? client.stop() : undefined;
}

module.exports = { activate, deactivate };
