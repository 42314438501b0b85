// Unmodified clients of Odoo's RPC in Node: odoo-xmlrpc, odoo-await, and @fernandoslim/odoo-jsonrpc.
//
// In:  rpc_client.cjs CLIENT FACTS, as in rpc_client.py.
// Out: one line of JSON, as in rpc_client.py.

const UNKNOWN = "no.such.model";

async function failure(promise) {
    try {
        await promise;
    } catch (error) {
        return error.faultString ?? error.message;
    }
    return null;
}

async function withOdooXmlRpc(facts) {
    const Odoo = require("odoo-xmlrpc");
    const { host, port, database: db, login: username, secret: password, name } = facts;
    const odoo = new Odoo({ url: `http://${host}`, port, db, username, password });
    const settled = (start) =>
        new Promise((resolve, reject) => start((error, value) => (error ? reject(error) : resolve(value))));
    // The package appends its parameters to those of `execute_kw`.
    const call = (model, method, args) => settled((done) => odoo.execute_kw(model, method, [args], done));
    const uid = await settled((done) => odoo.connect(done));
    const created = await call("res.partner", "create", [{ name }]);
    const found = await call("res.partner", "search", [[["name", "=", name]]]);
    await call("res.partner", "write", [[created], { email: facts.text }]);
    const [{ email: text }] = await call("res.partner", "read", [[created], ["email"]]);
    await call("res.partner", "unlink", [[created]]);
    const left = await call("res.partner", "search", [[["name", "=", name]]]);
    return { uid, created, found, text, left, error: await failure(call(UNKNOWN, "search", [[]])) };
}

async function withOdooAwait(facts) {
    const Odoo = require("odoo-await");
    const { host, port, database: db, login: username, secret: password, name } = facts;
    const odoo = new Odoo({ baseUrl: `http://${host}`, port, db, username, password });
    const uid = await odoo.connect();
    const created = await odoo.create("res.partner", { name });
    const found = await odoo.search("res.partner", { name });
    await odoo.update("res.partner", created, { email: facts.text });
    const [{ email: text }] = await odoo.searchRead("res.partner", { name }, ["email"]);
    await odoo.delete("res.partner", created);
    const left = await odoo.search("res.partner", { name });
    return { uid, created, found, text, left, error: await failure(odoo.search(UNKNOWN, {})) };
}

async function withOdooJsonRpc(facts) {
    const { default: Odoo } = require("@fernandoslim/odoo-jsonrpc");
    const { host, port, database: db, login: username, secret: apiKey, name } = facts;
    const odoo = new Odoo();
    const { uid } = await odoo.connect({ baseUrl: `http://${host}`, port, db, username, apiKey });
    const created = await odoo.create("res.partner", { name });
    const found = await odoo.search("res.partner", [["name", "=", name]]);
    await odoo.update("res.partner", created, { email: facts.text });
    const [{ email: text }] = await odoo.searchRead("res.partner", [["name", "=", name]], ["email"], {});
    await odoo.delete("res.partner", created);
    const left = await odoo.search("res.partner", [["name", "=", name]]);
    return { uid, created, found, text, left, error: await failure(odoo.search(UNKNOWN, [])) };
}

const CLIENTS = {
    "odoo-xmlrpc": withOdooXmlRpc,
    "odoo-await": withOdooAwait,
    "@fernandoslim/odoo-jsonrpc": withOdooJsonRpc,
};

const [client, facts] = process.argv.slice(2);
CLIENTS[client](JSON.parse(facts)).then((done) => console.log(JSON.stringify(done)));
