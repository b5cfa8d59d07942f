// Names by the TypeScript compiler: reads paths from standard input, one a line, and prints for each a line of JSON with
// its syntax errors and the functions, methods and classes outside function bodies, each with its parameters.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const ts = createRequire(`${process.argv[2]}/`)("typescript");

function parameters(node) {
  const words = [];
  const visit = (name) => {
    if (ts.isIdentifier(name)) words.push(name.text);
    else name.elements?.forEach((one) => one.name && visit(one.name));
  };
  node.parameters.forEach((one) => visit(one.name));
  return words;
}

function named(node, file) {
  if (node.name) return node.name.getText(file);
  if (ts.isConstructorDeclaration(node)) return "constructor";
  const holder = node.parent;
  if (ts.isVariableDeclaration(holder) || ts.isPropertyDeclaration(holder) || ts.isPropertyAssignment(holder))
    return holder.name.getText(file);
  return "default";
}

function names(file) {
  const found = [];
  const visit = (node, prefix) => {
    const holder = node.parent;
    const value = (ts.isArrowFunction(node) || ts.isFunctionExpression(node)) &&
      ((ts.isVariableDeclaration(holder) && ts.isSourceFile(holder.parent.parent.parent)) || ts.isPropertyDeclaration(holder));
    if (value || ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node) || ts.isMethodSignature(node) ||
        ts.isConstructorDeclaration(node) || ts.isAccessor(node)) {
      if (!ts.isObjectLiteralExpression(holder)) found.push([prefix + named(node, file), parameters(node)]);
      return;
    }
    if (ts.isFunctionLike(node) || ts.isBlock(node)) return;
    if (ts.isClassLike(node) || ts.isInterfaceDeclaration(node)) {
      const name = prefix + named(node, file);
      found.push([name, []]);
      node.members.forEach((one) => visit(one, `${name}.`));
      return;
    }
    ts.forEachChild(node, (one) => visit(one, prefix));
  };
  ts.forEachChild(file, (one) => visit(one, ""));
  return found;
}

for (const path of readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  const text = readFileSync(path, "utf8");
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  console.log(JSON.stringify({ path, errors: file.parseDiagnostics.length, names: names(file) }));
}
