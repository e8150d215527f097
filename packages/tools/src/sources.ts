/**
 * Reads the TypeScript sources of the repository: files, their imports and their syntax trees.
 *
 * @module
 */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import ts from "typescript";

/** The repository's top folder. */
export const ROOT: string = resolve(import.meta.dirname, "../../..");

/** One import or re-export of a source file. */
export interface ImportEdge {
  /** The importing file, absolute. */
  readonly file: string;
  /** Line, from 1. */
  readonly line: number;
  /** The specifier as written. */
  readonly specifier: string;
  /** Whether every name of it is erased at run time (`import type`). */
  readonly typeOnly: boolean;
}

/** All `.ts` files below `dir`, sorted; `dist`, `node_modules` and declarations left out. */
export function sourceFiles(dir: string): string[] {
  if (!existsSync(dir)) return [];
  const found: string[] = [];
  for (const name of readdirSync(dir).sort()) {
    if (name === "node_modules" || name === "dist") continue;
    const path = join(dir, name);
    if (statSync(path).isDirectory()) found.push(...sourceFiles(path));
    else if (name.endsWith(".ts") && !name.endsWith(".d.ts")) found.push(path);
  }
  return found;
}

/** Parses one file without resolving anything. */
export function parse(file: string): ts.SourceFile {
  return ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.ES2024, true);
}

/** The static and dynamic imports of a parsed file. */
export function importsOf(tree: ts.SourceFile): ImportEdge[] {
  const edges: ImportEdge[] = [];
  const add = (node: ts.Node, specifier: ts.Expression | undefined, typeOnly: boolean): void => {
    if (specifier === undefined || !ts.isStringLiteral(specifier)) return;
    const line = tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1;
    edges.push({ file: tree.fileName, line, specifier: specifier.text, typeOnly });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node, node.moduleSpecifier, node.importClause?.isTypeOnly ?? false);
    else if (ts.isExportDeclaration(node)) add(node, node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node, node.arguments[0], false);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return edges;
}

/** The file a relative specifier names, absolute. */
export function relativeTarget(edge: ImportEdge): string | undefined {
  return edge.specifier.startsWith(".") ? resolve(dirname(edge.file), edge.specifier) : undefined;
}

/** `file:line` relative to the repository, for messages. */
export function place(file: string, line: number): string {
  return `${relative(ROOT, file)}:${line}`;
}
