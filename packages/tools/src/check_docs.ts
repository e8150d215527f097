/**
 * Check: every module says what it is, and every export has a doc comment.
 *
 * @module
 */
import { join, relative } from "node:path";
import ts from "typescript";
import { LAYERS } from "./layers.ts";
import { parse, place, ROOT, sourceFiles } from "./sources.ts";

/** Problems, one line each. Tests and generated code are left out. */
export function checkDocs(): string[] {
  return LAYERS.flatMap(({ name }) => {
    const src = join(ROOT, "packages", name, "src");
    return sourceFiles(src)
      .filter((f) => !f.endsWith(".test.ts") && !relative(src, f).startsWith("api/gen/"))
      .flatMap(checkFile);
  });
}

function checkFile(file: string): string[] {
  const tree = parse(file);
  const problems: string[] = [];
  if (!/^(#!.*\n)?\s*\/\*\*[\s\S]*?@module/.test(tree.text))
    problems.push(`${place(file, 1)} has no @module comment`);
  for (const statement of tree.statements) {
    if (!isExportedDeclaration(statement) || hasDoc(statement, tree)) continue;
    const line = tree.getLineAndCharacterOfPosition(statement.getStart(tree)).line + 1;
    problems.push(`${place(file, line)} export ${nameOf(statement)} has no doc comment`);
  }
  return problems;
}

function isExportedDeclaration(node: ts.Statement): boolean {
  if (!ts.canHaveModifiers(node)) return false;
  return ts.getModifiers(node)?.some((m) => m.kind === ts.SyntaxKind.ExportKeyword) ?? false;
}

function hasDoc(node: ts.Statement, tree: ts.SourceFile): boolean {
  const ranges = ts.getLeadingCommentRanges(tree.text, node.getFullStart()) ?? [];
  const docs = ranges.map((r) => tree.text.slice(r.pos, r.end)).filter((t) => t.startsWith("/**"));
  if (docs.some((d) => !d.includes("@module"))) return true;
  // An overload is documented by its first signature.
  if (!ts.isFunctionDeclaration(node)) return false;
  const at = tree.statements.indexOf(node);
  const before = tree.statements[at - 1];
  return before !== undefined && ts.isFunctionDeclaration(before) && before.name?.text === node.name?.text;
}

function nameOf(node: ts.Statement): string {
  if (ts.isVariableStatement(node))
    return node.declarationList.declarations.map((d) => d.name.getText()).join(", ");
  return (node as ts.DeclarationStatement).name?.getText() ?? "(default)";
}
