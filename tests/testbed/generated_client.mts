// A program that uses the generated TypeScript types of res.partner with openapi-fetch.
//
// In:  FACTS as JSON: url, basic (credential). The generated types as schema.mts next to this file.
// Out: a line of JSON: {"listed": count, "created": id}; the record is deleted. The compiler checks the types in strict
//      mode; `Exact` fails if an attribute is `any`.

import createClient from "openapi-fetch";
import type { components, paths } from "./schema.mjs";

declare const process: { argv: string[] };

type Exact<Found, Expected> =
    (<T>() => T extends Found ? 1 : 2) extends (<T>() => T extends Expected ? 1 : 2) ? true : never;

type Partner = components["schemas"]["ResPartner"];
const isExact: [
    Exact<Partner["id"], number>,
    Exact<Partner["name"], string | null | undefined>,
    Exact<Partner["is_company"], boolean | undefined>,
    Exact<Partner["category_id"], number[] | undefined>,
] = [true, true, true, true];

const facts: { url: string; basic: string } = JSON.parse(process.argv[2] ?? "");
const client = createClient<paths>({ baseUrl: facts.url, headers: { authorization: `Basic ${facts.basic}` } });
const header = { Prefer: "empty=null" };

const list = await client.GET("/api/v1/res.partner", {
    params: { query: { query: "{id, name}", page_size: 3 }, header },
});
// A text is CSV or NDJSON, which this program does not ask for.
if (list.error || typeof list.data === "string") throw new Error(JSON.stringify(list.error));
const names = list.data.data.records.map((record) => record.name?.length ?? 0);

const values: components["schemas"]["ResPartnerCreate"] = { name: "Generated", type: "other", category_id: [] };
const create = await client.POST("/api/v1/res.partner", { params: { header }, body: { data: values } });
if (create.error) throw new Error(JSON.stringify(create.error));
const path = { id: create.data.data.id };

const removed = await client.DELETE("/api/v1/res.partner/{id}", { params: { path, header } });
if (removed.error) throw new Error(JSON.stringify(removed.error));

console.log(JSON.stringify({ listed: names.length, created: path.id, isExact: isExact.every(Boolean) }));
