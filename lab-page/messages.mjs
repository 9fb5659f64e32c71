// Writes src/messages.ts from the schema that engine and page share, so that the type check fails where the page reads what is not sent.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const schema = JSON.parse(readFileSync(join(here, "..", "src", "glassnet", "lab", "schema.json"), "utf8"));
const plain = { string: "string", number: "number", integer: "number", boolean: "boolean", null: "null" };
const several = (types) => [...new Set(types)].join(" | ");
const bracketed = (type) => (type.includes(" | ") ? `(${type})` : type);

function typeOf(s) {
  if (s.$ref) return s.$ref.split("/").pop();
  if ("const" in s) return JSON.stringify(s.const);
  if (s.enum) return several(s.enum.map((value) => JSON.stringify(value)));
  if (s.oneOf) return several(s.oneOf.map(typeOf));
  const kinds = [s.type ?? []].flat();
  return several(kinds.map((kind) => plain[kind] ?? (kind === "array" ? `${bracketed(typeOf(s.items))}[]` : objectOf(s)))) || "unknown";
}

function objectOf(s) {
  if (!s.properties) return "Record<string, unknown>";
  const required = new Set(s.required ?? []);
  const fields = Object.entries(s.properties).map(([name, value]) => `${name}${required.has(name) ? "" : "?"}: ${typeOf(value)}`);
  return `{ ${fields.join("; ")} }`;
}

const lines = ["// Made from src/glassnet/lab/schema.json by messages.mjs; do not edit.", ""];
for (const [name, definition] of Object.entries(schema.$defs)) {
  if (definition.description) lines.push(`/** ${definition.description} */`);
  // a name of JavaScript's own stays its own
  lines.push(`export type ${name} = ${typeOf(definition)};`, "");
}
writeFileSync(join(here, "src", "messages.ts"), lines.join("\n").replace(/\bArray\b(?=[ ;|)\[]|$)/gm, "Numbers").replace(/\bError\b(?= =)/, "Refusal"));
