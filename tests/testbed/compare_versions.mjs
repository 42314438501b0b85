// Other converters and validators as referees of the document in OpenAPI 3.0 and Swagger 2.0.
//
// In:  compare_versions.mjs DOCUMENT OPENAPI_3_0 SWAGGER_2_0 (files), and the folder of the packages as $MODULES.
// Out: on stdout what differs, one difference per line. Compared are paths, operation ids, parameters, media types of
//      bodies, and statuses of (1) the OpenAPI 3.0 document, (2) DOCUMENT converted by openapi-down-convert, (3) the
//      Swagger 2.0 document converted back by swagger2openapi, with those of DOCUMENT. swagger-parser validates 3.0 and
//      2.0. The exit status is 1 if something differs.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const load = (name) => import(pathToFileURL(`${process.env.MODULES}/node_modules/${name}`));
const { default: parser } = await load("@apidevtools/swagger-parser/lib/index.js");
const { default: swagger2openapi } = await load("swagger2openapi/index.js");
const { Converter } = await load("@apiture/openapi-down-convert/lib/src/converter.js");

const METHODS = ["get", "put", "post", "delete", "patch"];
const read = (file) => JSON.parse(readFileSync(file, "utf8"));
const [original, openapi30, swagger] = process.argv.slice(2, 5).map(read);

const resolve = (document, value) =>
    value?.$ref ? value.$ref.slice(2).split("/").reduce((part, name) => part[name], document) : value;
const list = (names) => [...new Set(names)].sort().join(", ");

// Swagger 2.0 cannot express a query parameter or a form that stands for any number of fields.
const isExpressible = (parameter) => parameter.schema?.type !== "object";
const hasFields = (document, [name, media]) => !name.includes("form") || !!resolve(document, media.schema).properties;

// What an operation has, as texts by name.
function facts(document, operation) {
    const parameters = (operation.parameters ?? []).map((parameter) => resolve(document, parameter));
    const body = resolve(document, operation.requestBody);
    const responses = Object.entries(operation.responses).map(([status, value]) => [status, resolve(document, value)]);
    return {
        operationId: operation.operationId,
        parameters: list(parameters.filter(isExpressible).map(({ name, in: place, required }) => `${place} ${name} ${!!required}`)),
        bodies: list(Object.entries(body?.content ?? {}).filter((entry) => hasFields(document, entry)).map(([name]) => name)),
        statuses: list(responses.map(([status]) => status)),
        headers: list(responses.flatMap(([status, value]) => Object.keys(value.headers ?? {}).map((name) => `${status} ${name}`))),
        security: JSON.stringify(operation.security?.length ?? null),
    };
}

function operations(document) {
    const found = {};
    for (const [path, item] of Object.entries(document.paths))
        for (const method of METHODS.filter((method) => item[method]))
            found[`${method} ${path}`] = facts(document, item[method]);
    return found;
}

// Names of schemas with the names of their properties.
const schemas = (document) =>
    Object.fromEntries(Object.entries(document.components.schemas).map(([name, schema]) => [name, list(Object.keys(schema.properties ?? {}))]));

let differences = 0;
function differ(text) {
    differences += 1;
    console.log(text);
}

function compare(title, expected, found, skipped = []) {
    for (const name of new Set([...Object.keys(expected), ...Object.keys(found)])) {
        const [one, other] = [expected[name], found[name]];
        if (typeof one === "object" && typeof other === "object") compare(`${title}: ${name}`, one, other, skipped);
        else if (one !== other && !skipped.includes(name)) differ(`${title}: ${name}: expected ${one}, found ${other}`);
    }
}

async function validate(title, document) {
    // It replaces the references in its argument.
    await parser.validate(structuredClone(document)).catch((error) => differ(`${title}: ${error.message}`));
}

const expected = operations(original);
if (Object.keys(expected).length < 10) differ("the document has too few operations for a comparison");
compare("3.0", expected, operations(openapi30));
compare("3.0 by openapi-down-convert", operations(openapi30), operations(new Converter(structuredClone(original)).convert()));
compare("schemas of 3.0", schemas(original), schemas(openapi30));

await swagger2openapi.convertObj(structuredClone(swagger), {}).then(
    // A flow of OAuth 2 is a scheme of its own in Swagger 2.0.
    ({ openapi }) => compare("2.0 by swagger2openapi", expected, operations(openapi), ["security"]),
    (error) => differ(`2.0 by swagger2openapi: ${error.message}`),
);
await validate("3.0", openapi30);
await validate("2.0", swagger);
process.exitCode = differences > 0 ? 1 : 0;
