"""Fields that no longer exist."""
import functools

from odoo.models import BaseModel

from . import remote

GONE = {
    "ir.attachment": {"datas"},  # 19.3
    "ir.actions.report": {"report_file"},  # 20.0
    "res.partner": {"company_type"},  # 19.1
}

fields_get_19 = BaseModel.fields_get


@functools.wraps(fields_get_19)
def fields_get(self, allfields=None, attributes=None):
    gone = GONE.get(self._name, ())
    return {name: field for name, field in fields_get_19(self, allfields, attributes).items() if name not in gone}


def names_in(value):
    """The texts in an argument where a field can be named: keys, and items of lists."""
    if isinstance(value, dict):
        yield from value
        for item in value.values():
            yield from names_in(item) if isinstance(item, (dict, list, tuple)) else ()
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from (item,) if isinstance(item, str) else names_in(item)


def check_fields(records, method, arguments):
    # Names of unknown fields are no error there.
    gone = () if method == "fields_get" else GONE.get(records._name, ())
    given = [value for name, value in arguments.items() if name != "self"]
    for name in names_in(given) if gone else ():
        if name in gone:
            preposition = "in" if method in ("create", "write", "web_save") else "on"
            raise ValueError(f"Invalid field {name!r} {preposition} {records._name!r}")


BaseModel.fields_get = fields_get
remote.CHECKS.append(check_fields)
