"""Uses the JSON-2 client of odoo-client-lib as its manual says: log in, create, search, read, write, read errors, delete.

In:   facts as JSON: port, database, key, name.
Out:  one line of JSON with what was seen.
"""
import json
import sys

import odoolib

facts = json.loads(sys.argv[1])


def connect(key):
    return odoolib.get_connection(
        hostname="127.0.0.1", protocol="json2", port=facts["port"], database=facts["database"], password=key)


def status_of(call):
    """The status in the message of the library's exception."""
    try:
        call()
    except ValueError as error:
        text = str(error)
        return 422 if text.startswith("Invalid request") else int(text.split("status code ")[1].split(":")[0])
    return 200


connection = connect(facts["key"])
tags = connection.get_model("res.partner.category")
created = tags.create([{"name": facts["name"]}])
found = tags.search([("name", "=", facts["name"])])
read = tags.read(created, ["name"])
tags.write(created, {"name": "changed"})
report = {
    "logged_in": connection.check_login(),
    "wrong_key": connect("0123456789abcdef0123456789abcdef01234567").check_login(),
    "found": [one in created for one in found],
    "read": read["name"],
    "written": tags.search_read([("id", "in", created)], ["name"])[0]["name"],
    "missing": status_of(lambda: connection.get_model("no.model").search(domain=[])),
    "unexpected": status_of(lambda: tags.search(domain=[], unknown=1)),
    "deleted": tags.unlink(created),
}
print(json.dumps(report))
