"""Calls from outside. XML-RPC, JSON-RPC, and the web client arrive at `call_kw`; JSON-2 only looks up the method.

In:   what other files register: names that are gone or replaced, and functions that check arguments.
Out:  patches of `odoo.service.model` and of JSON-2.
"""
import functools
import inspect

from odoo.addons.rpc.controllers import json2
from odoo.addons.web.controllers import dataset
from odoo.exceptions import AccessError, UserError
from odoo.service import model as service

# 19.4: `ir.access` is both.
GONE_MODELS = {"ir.model.access", "ir.rule"}

# 19.1. For a single model: (model, method).
GONE_METHODS = {"check_access_rights", "check_access_rule", "toggle_active"}

# Methods that exist under the name of another one: name → function.
REPLACED = {}

# Functions (records, method, arguments by name) that may change the arguments, or raise what Odoo 20 raises.
CHECKS = []

find_19, call_19, execute_19 = service.get_public_method, service.call_kw, service.execute_cr


def get_public_method(model, name):
    if name in GONE_METHODS or (model._name, name) in GONE_METHODS:
        raise AttributeError(f"The method '{model._name}.{name}' does not exist")
    # 20.0: a class or static method has another text than a private one.
    if isinstance(inspect.getattr_static(type(model), name, None), (classmethod, staticmethod)):
        raise AccessError(f"The method '{model._name}.{name}' cannot be called remotely.")
    return REPLACED.get(name) or find_19(model, name)


def without_bin_size(context):
    """19.5: `bin_size` has no effect."""
    return {key: value for key, value in (context or {}).items() if not key.startswith("bin_size")}


def check_ids(records):
    """19.2: a falsy id is an error; Odoo 19 makes up a record."""
    if not all(records._ids):
        raise AssertionError("Invalid falsy real id")


def check(records, name, arguments):
    check_ids(records)
    for function in CHECKS:
        function(records, name, arguments)


def call_kw(model, name, args, kwargs):
    method = get_public_method(model, name)
    kwargs = {**kwargs, "context": without_bin_size(kwargs.get("context"))}
    ids = 0 if getattr(method, "_api_model", False) else 1
    named = {key: value for key, value in kwargs.items() if key != "context"}
    records = model.browse(args[0]) if ids and args else model
    try:
        bound = inspect.signature(method).bind(records, *args[ids:], **named)
    except TypeError:  # Odoo raises it when it calls the method
        return call_19(model, name, args, kwargs)
    if len(args) >= ids:
        check(records, name, bound.arguments)
        args = [*args[:ids], *bound.args[1:]]
        kwargs = {**bound.kwargs, "context": kwargs["context"]}
    return call_19(model, name, args, kwargs)


def get_method_of_json2(model, name):
    if model._name in GONE_MODELS:
        raise AttributeError(f"the model {model._name!r} does not exist")
    method = get_public_method(model, name)

    @functools.wraps(method)
    def call(records, *args, **kwargs):
        records = records.with_env(records.env(context=without_bin_size(records.env.context)))
        bound = inspect.signature(method).bind(records, *args, **kwargs)
        check(records, name, bound.arguments)
        return method(*bound.args, **bound.kwargs)

    return call


def execute_cr(cr, uid, model, method, args, kw):
    if model in GONE_MODELS:
        raise UserError(f"Object {model} doesn't exist")
    return execute_19(cr, uid, model, method, args, kw)


service.get_public_method, service.call_kw, service.execute_cr = get_public_method, call_kw, execute_cr
dataset.call_kw, json2.get_public_method = call_kw, get_method_of_json2
