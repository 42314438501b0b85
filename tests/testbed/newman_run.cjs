// Runs a Postman collection from top to bottom.
//
// In:  newman_run.cjs COLLECTION ENVIRONMENT, two files.
// Out: on stdout {"requests": [{id, name, status, tests}], "failures": [{request, test, error, body}]}: the requests of
//      the collection in the order in which they were sent, and what failed: tests, scripts, connections.

const newman = require("newman");
const fs = require("node:fs");

const [collection, environment] = process.argv.slice(2).map((file) => JSON.parse(fs.readFileSync(file)));

newman.run({ collection, environment, timeoutRequest: 120_000 }, (error, summary) => {
    if (error) throw error;
    const requests = summary.run.executions.map(({ item, response, assertions }) => ({
        id: item.id,
        name: item.name,
        status: response?.code,
        tests: (assertions ?? []).length,
    }));
    const failures = summary.run.failures.map((failure) => {
        const sent = summary.run.executions.find(({ item }) => item.id === failure.source?.id);
        const { test, message } = failure.error;
        return { request: failure.source?.name, test, error: message, body: sent?.response?.text().slice(0, 500) };
    });
    console.log(JSON.stringify({ requests, failures }));
});
