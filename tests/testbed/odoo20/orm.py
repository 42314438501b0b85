"""Methods of every model: limits, orders, groups, deletion, and texts of errors."""
import functools

import psycopg2

from odoo import api
from odoo.models import BaseModel
from odoo.tools import SQL

from . import remote

search_19, search_count_19 = BaseModel._search, BaseModel.search_count
order_19, message_19 = BaseModel._order_field_to_sql, BaseModel._sql_error_to_message_generic


@functools.wraps(search_19)
def _search(self, domain, offset=0, limit=None, order=None, **options):
    """19.1: a limit of 0 finds nothing, false means no limit, and a text is an error."""
    if isinstance(limit, str):
        raise ValueError(f"Invalid limit {limit!r}")
    if limit == 0 and limit is not False:
        return self.browse()._as_query()
    return search_19(self, domain, offset, limit or None, order, **options)


@functools.wraps(search_count_19)
def search_count(self, domain, limit=None):
    return search_count_19(self, domain, limit or None)


def _order_field_to_sql(self, alias, field_name, direction, nulls, query):
    """19.5: a selection is ordered by the position of its option, not by its text."""
    field = self._fields.get(field_name)
    if field is None or field.type != "selection":
        return order_19(self, alias, field_name, direction, nulls, query)
    value = self._field_to_sql(alias, field_name, query)
    position = SQL("array_position(%s::varchar[], (%s)::varchar)", list(field.get_values(self.env)), value)
    query._order_groupby.append(position)
    return SQL("%s %s %s", position, direction, nulls)


def _sql_error_to_message_generic(self, exc):
    """20.0: another text for a missing value."""
    field = self._fields.get(exc.diag.column_name)
    if not isinstance(exc, psycopg2.errors.NotNullViolation) or field is None:
        return message_19(self, exc)
    model = self.env["ir.model"]._get(self._name).name
    return f"Missing required field '{field.string}' ({field.name}) for model '{model}' ({self._name})"


def plain(value):
    """A value of a group as RPC can send it."""
    if not isinstance(value, BaseModel):
        return value
    return value.id if len(value) <= 1 else value.ids


@api.model
@api.readonly
def read_group(self, domain, groupby=(), aggregates=(), having=(), offset=0, limit=None, order=None):
    """19.5: a new method with the name of the old one. It answers tuples: groups first, then aggregates."""
    rows = self._read_group(domain, groupby, aggregates, having, offset, limit, order)
    return [tuple(plain(value) for value in row) for row in rows]


def web_unlink(self):
    """20.0."""
    return self.unlink()


BaseModel._search = _search
BaseModel.search_count = search_count
BaseModel._order_field_to_sql = _order_field_to_sql
BaseModel._sql_error_to_message_generic = _sql_error_to_message_generic
BaseModel.web_unlink = web_unlink
remote.REPLACED["read_group"] = read_group
