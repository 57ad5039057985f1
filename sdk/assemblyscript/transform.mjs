// Gives every class with @json the methods that take its fields from JSON and
// put them there. A field with an initial value may be absent.
import { CommonFlags, NodeKind, Parser, Source, SourceKind, Tokenizer } from "assemblyscript";
import { Transform } from "assemblyscript/transform";

export default class extends Transform {
  afterParse(parser) {
    for (const source of parser.sources) {
      for (const node of source.statements) visit(node);
    }
  }
}

function visit(node) {
  if (node.kind === NodeKind.Export && node.declaration) node = node.declaration;
  if (node.kind === NodeKind.NamespaceDeclaration) node.members.forEach(visit);
  if (node.kind === NodeKind.ClassDeclaration && node.decorators?.some(({ name }) => name.text === "json")) extend(node);
}

function extend(node) {
  const fields = node.members.filter((member) => member.kind === NodeKind.FieldDeclaration && !member.is(CommonFlags.Static));
  const inherits = node.extendsType ? (call) => `super.${call};` : () => "";
  const taken = fields.map(({ name: { text }, type, initializer }) => {
    const isOptional = initializer || type?.isNullable;
    return `this.${text} = ${isOptional ? "json.optional" : "json.required"}<${typeOf(text, type)}>("${text}"${isOptional ? `, this.${text}` : ""});`;
  });
  const put = fields.map(({ name: { text }, type }) => `w.member<${typeOf(text, type)}>("${text}", this.${text});`);
  add(node, `__take<J>(json: J): void { ${inherits("__take<J>(json)")} ${taken.join(" ")} }`);
  add(node, `__put<W>(w: W): void { ${inherits("__put<W>(w)")} ${put.join(" ")} }`);
}

/** The type as its author wrote it, which holds where the class stands. */
function typeOf(name, type) {
  if (!type) throw new Error(`the field ${name} of a class with @json needs a type`);
  return type.range.toString();
}

function add(node, method) {
  const { internalPath, normalizedPath } = node.range.source;
  const source = new Source(SourceKind.User, normalizedPath, method);
  const parsed = new Parser().parseClassMember(new Tokenizer(source), node);
  if (!parsed) throw new Error(`${internalPath}: can't extend class ${node.name.text}`);
  node.members.push(parsed);
}
