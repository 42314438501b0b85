"""Values of binary fields (19.5): objects on read, strict base64 on write.

`read` and `search_read` answer `{content, size, filename}`; the `web_` methods answer sizes and checksums without
content.
In a domain, a binary field can only be compared with false.
"""
import base64
import binascii
import functools
import hashlib
import xmlrpc.client

from odoo.addons.web.models.models import Base
from odoo.fields import Binary

from . import remote

# The fields whose value in Odoo 19 is the content itself. All others hold base64.
RAW = {("ir.attachment", "raw"), ("ir.attachment", "db_datas")}

# In the context while a `web_` method reads.
FOR_WEB = "stand_in_reads_for_web"

web_read_19 = Base.web_read


def convert_to_read(self, value, record, use_display_name=True):
    if not value or not isinstance(value, (bytes, str)):
        return value
    content = value.encode() if isinstance(value, str) else value
    if (record._name, self.name) not in RAW:
        content = base64.b64decode(content)
    if record.env.context.get(FOR_WEB):
        described = {"size": len(content), "checksum": hashlib.sha1(content).hexdigest()}
    else:
        described = {"content": base64.b64encode(content).decode(), "size": len(content)}
    if record._name == "ir.attachment" and record.name:
        described["filename"] = record.name
    return described


@functools.wraps(web_read_19)
def web_read(self, specification):
    return web_read_19(self.with_context(**{FOR_WEB: True, "bin_size": False}), specification)


def stored(model, name, value):
    """What Odoo 19 stores for this value."""
    is_raw = (model._name, name) in RAW
    if isinstance(value, xmlrpc.client.Binary):
        value = value.data
    if isinstance(value, bytes):
        if not is_raw:
            raise TypeError("use BinaryValue instead of bytes")
        return value
    content = binascii.a2b_base64(value.encode(), strict_mode=True)
    return content if is_raw else value


def stored_values(model, values):
    """The values of a record, with what Odoo 19 stores for binary fields, also of related records."""
    converted = {}
    for name, value in values.items():
        field = model._fields.get(name)
        if field is not None and field.type in ("one2many", "many2many") and isinstance(value, (list, tuple)):
            value = [stored_command(model.env[field.comodel_name], command) for command in value]
        elif isinstance(field, Binary) and isinstance(value, dict):
            if model._name == "ir.attachment" and value.get("filename"):
                converted["name"] = value["filename"]
            if "content" not in value:
                continue
            value = stored(model, name, value["content"])
        elif isinstance(field, Binary) and value:
            value = stored(model, name, value)
        converted[name] = value
    return converted


def stored_command(model, command):
    if isinstance(command, (list, tuple)) and len(command) == 3 and isinstance(command[2], dict):
        return [*command[:2], stored_values(model, command[2])]
    return command


def check_values(records, method, arguments):
    for name in ("vals", "vals_list", "values"):
        given = arguments.get(name)
        if isinstance(given, dict):
            arguments[name] = stored_values(records, given)
        elif isinstance(given, list) and all(isinstance(values, dict) for values in given):
            arguments[name] = [stored_values(records, values) for values in given]


def check_domain(records, method, arguments):
    for term in arguments.get("domain") or ():
        if isinstance(term, (list, tuple)) and len(term) == 3 and isinstance(term[0], str):
            if isinstance(records._fields.get(term[0]), Binary) and term[2] not in (False, None):
                raise ValueError("Binary field, accepts only existence check")


Binary.convert_to_read = convert_to_read
Base.web_read = web_read
remote.CHECKS += [check_values, check_domain]
