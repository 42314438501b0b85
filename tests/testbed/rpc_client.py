"""Unmodified clients of Odoo's RPC in Python: odoorpc, and xmlrpc.client of the standard library.

In:  rpc_client.py CLIENT FACTS. FACTS is JSON: host and port of the gateway; database, login and secret; name and text
     of a contact to create.
Out: one line of JSON: uid; created (id); found (ids with the name); text (of the contact, read back after an update);
     left (ids with the name after the contact was deleted); error (text of the error about an unknown model).
"""

import json
import sys
import xmlrpc.client

import odoorpc

UNKNOWN = "no.such.model"


def with_odoorpc(facts):
    odoo = odoorpc.ODOO(facts["host"], port=facts["port"])
    odoo.login(facts["database"], facts["login"], facts["secret"])
    contacts = odoo.env["res.partner"]
    created = contacts.create({"name": facts["name"]})
    found = contacts.search([("name", "=", facts["name"])])
    contact = contacts.browse(created)
    contact.email = facts["text"]
    text = contacts.read([created], ["email"])[0]["email"]
    contacts.unlink([created])
    left = contacts.search([("name", "=", facts["name"])])
    try:
        odoo.execute_kw(UNKNOWN, "search", [[]], {})
    except odoorpc.error.RPCError as failure:
        error = str(failure)
    return dict(uid=odoo.env.uid, created=created, found=found, text=text, left=left, error=error)


def with_xmlrpc_client(facts):
    url = f"http://{facts['host']}:{facts['port']}/xmlrpc/2/"
    database, secret = facts["database"], facts["secret"]
    common = xmlrpc.client.ServerProxy(url + "common")
    assert common.version()["protocol_version"] == 1
    uid = common.authenticate(database, facts["login"], secret, {})
    odoo = xmlrpc.client.ServerProxy(url + "object")

    def call(model, method, *args, **kwargs):
        return odoo.execute_kw(database, uid, secret, model, method, list(args), kwargs)

    created = call("res.partner", "create", {"name": facts["name"]})
    by_name = [["name", "=", facts["name"]]]
    found = call("res.partner", "search", by_name, order="id")
    call("res.partner", "write", [created], {"email": facts["text"]})
    text = call("res.partner", "search_read", by_name, fields=["email"])[0]["email"]
    call("res.partner", "unlink", [created])
    left = odoo.execute(database, uid, secret, "res.partner", "search", by_name)
    try:
        call(UNKNOWN, "search", [])
    except xmlrpc.client.Fault as fault:
        assert fault.faultCode == 2, fault
        error = fault.faultString
    return dict(uid=uid, created=created, found=found, text=text, left=left, error=error)


CLIENTS = {"odoorpc": with_odoorpc, "xmlrpc.client": with_xmlrpc_client}

if __name__ == "__main__":
    print(json.dumps(CLIENTS[sys.argv[1]](json.loads(sys.argv[2]))))
