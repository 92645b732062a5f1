// Each import of a file, in every form that TypeScript has for one.
import { Visitor } from 'oxc-parser';

const areTypes = (specifiers, kind) =>
  specifiers.length > 0 && specifiers.every((specifier) => specifier[kind] === 'type');

/** The imports of each parsed file that was asked for. */
const found = new WeakMap();

/**
 * The imports of a parsed file. `specifier` is null where the name is computed at run time; `typeOnly` says that the
 * import is gone once the types are.
 */
export function findImports(source) {
  const imports = found.get(source) ?? collect(source);
  found.set(source, imports);
  return imports;
}

function collect({ program, lineAt }) {
  const imports = [];
  const add = (node, source, typeOnly) => {
    const specifier = source?.type === 'Literal' ? source.value : null;
    imports.push({ specifier, typeOnly, line: lineAt(node.start) + 1 });
  };
  new Visitor({
    ImportDeclaration(node) {
      add(node, node.source, node.importKind === 'type' || areTypes(node.specifiers, 'importKind'));
    },
    ExportNamedDeclaration(node) {
      if (!node.source) return;
      add(node, node.source, node.exportKind === 'type' || areTypes(node.specifiers, 'exportKind'));
    },
    ExportAllDeclaration(node) {
      add(node, node.source, node.exportKind === 'type');
    },
    ImportExpression(node) {
      add(node, node.source, false);
    },
    /** `import('./state.js').State` in the place of a type. */
    TSImportType(node) {
      add(node, node.source, true);
    },
    /** `import state = require('./state.js')`. */
    TSExternalModuleReference(node) {
      add(node, node.expression, false);
    },
    /** `declare module './state.js' { … }`. */
    TSModuleDeclaration(node) {
      if (node.id.type === 'Literal') add(node, node.id, true);
    },
    /** `require('./state.js')`, and `new URL('./state.js', import.meta.url)` below. */
    CallExpression(node) {
      if (node.callee.type === 'Identifier' && node.callee.name === 'require')
        add(node, node.arguments[0], false);
    },
    NewExpression(node) {
      const [path, base] = node.arguments;
      const isModuleUrl = base?.type === 'MemberExpression' && base.object.type === 'MetaProperty';
      if (node.callee.name === 'URL' && isModuleUrl) add(node, path, false);
    },
  }).visit(program);
  return imports;
}
