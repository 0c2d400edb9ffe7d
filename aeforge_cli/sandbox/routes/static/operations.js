"use strict";
// What the OpenAPI document says of each operation's form, as a table.

async function show() {
  const openapi = await fetch("/openapi.json").then(answer => answer.json());
  for (const [path, methods] of Object.entries(openapi.paths))
    for (const [method, operation] of Object.entries(methods))
      document.querySelector("#operations").append(section(openapi, `${method.toUpperCase()} ${path}`, operation));
}

function section(openapi, title, operation) {
  const found = document.querySelector("template").content.cloneNode(true);
  found.querySelector("code").textContent = title;
  const [content] = Object.values(operation.requestBody?.content ?? {});
  const schema = resolved(openapi, content?.schema ?? {});
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const need = schema.required?.includes(name) ? "required" : "optional";
    const row = found.querySelector("table").insertRow();
    for (const text of [name, need, values(openapi, field)]) row.insertCell().textContent = text;
  }
  return found;
}

/** What may stand in a field: its choices, or its kind. */
function values(openapi, field) {
  const full = resolved(openapi, field);
  const known = resolved(openapi, (full.anyOf ?? [full]).find(part => part.type !== "null"));
  if (known.enum) return known.enum.join(" | ");
  if (known.contentMediaType) return known.contentMediaType === "application/json" ? "JSON" : "file";
  return known.type === "array" ? "files" : known.type;
}

const resolved = (openapi, schema) =>
  schema.$ref ? openapi.components.schemas[schema.$ref.replace("#/components/schemas/", "")] : schema;

show();
