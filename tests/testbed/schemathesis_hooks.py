"""Hooks of schemathesis: what it may do with a real Odoo, and values that lead it past the first check.

In:   the environment: GATEWAY_URL, DATABASE, API_KEY (of the gateway). The gateway is a demo, so it registers an OAuth
      application, and its user `admin` has the password `admin`.
Out:  the hooks that schemathesis loads (SCHEMATHESIS_HOOKS); at the end, on stdout, for each operation which statuses
      it returned how often: `STATUSES api_search 200=14 400=3`.

Schemathesis generates a request from the document alone. With arbitrary models, ids, languages and passwords it would
learn only what a 404 and a 401 look like. The hooks replace most such values by ones that exist. Which value is taken
depends only on the generated one, so a seed determines all requests. Processes that run at the same time write to
records of their own.

Limits:
- Reads use every model that Odoo has. Requests that may write use `res.partner.category` only.
- Most reports do not exist: to print one, Odoo starts a browser or another program.

Findings that are not reported:
- 502 `odoo_internal_error`: Odoo's own code raised an exception for a valid request. For example, `account.root` cannot
  compute its `display_name`. The gateway reports it as what it is, and the document describes the 502.
- 500 over JSON-2 that names an exception of Odoo, such as `builtins.ValueError` for an unknown field. That is the
  status which Odoo has for it, and the document describes it. A 500 of the gateway itself has another name.
"""

import atexit
import base64
import os
import threading
import zlib
from collections import Counter

import requests
import schemathesis
from schemathesis.core.failures import ServerError

URL, DATABASE, API_KEY = (os.environ[name] for name in ("GATEWAY_URL", "DATABASE", "API_KEY"))
LOGIN = ("admin", "admin")

BASIC = "Basic " + base64.b64encode(":".join(LOGIN).encode()).decode()

# The only model that requests change, and methods of it that a client would call.
WRITABLE = "res.partner.category"
METHODS = ["search_read", "search_count", "name_search", "fields_get", "default_get", "name_create", "search",
           "_compute_display_name", "sudo", "no_such_method"]
RECORD_METHODS = ["read", "get_metadata", "copy", "export_data", "no_such_method"]
# Their arguments over JSON-2, and over RPC after the credential, the model and the method.
NAMED_ARGUMENTS = {
    "search_read": {"domain": [], "fields": ["name"], "limit": 3},
    "search_count": {"domain": [["id", ">", 0]]},
    "name_search": {"name": "a", "limit": 3},
    "fields_get": {"attributes": ["type"]},
    "default_get": {"fields": ["name", "color"]},
    "name_create": {"name": "Schemathesis"},
    "search": {"domain": [["no_such_field", "=", 1]]},
}
POSITIONAL_ARGUMENTS = {"search_read": [[], ["name"], 0, 3], "search_count": [[]], "name_search": ["a"],
                        "fields_get": [], "default_get": [["name"]], "name_create": ["Schemathesis"],
                        "search": [[["no_such_field", "=", 1]]]}
REPORTS = ["sale.report_saleorder"] + 30 * ["no.such_report"]
WITH_FILES = ["res.partner", "res.users", "product.template", "ir.attachment"]
FIELDS = ["image_128", "image_1920", "datas", "name", "no_such_field"]
# Parameters that depend on the model, with values that every model accepts.
QUERY = {
    "fields": "['id','display_name']",
    "allfields": "['id','display_name']",
    "attributes": "['string','type']",
    "query": "{id, display_name}",
    "domain": "[('id','>',0)]",
    "filter": '[["id", ">", 0]]',
    "filters": None,
    "order": "id desc",
    "operation": "['read']",
    "context": "{'lang': 'en_US'}",
    "vals": "{'name': 'Schemathesis'}",
}
# Headers that contain a credential. The generated ones are not valid.
CREDENTIALS = ("authorization", "api-key", "token", "access-token")
# Headers that end a request if their value is not known to Odoo.
HEADERS = {"X-Odoo-Database": None, "X-Odoo-Lang": "en_US", "X-Odoo-Tz": "Europe/Paris", "X-Odoo-Company": "1"}


def get(path: str, **options):
    """The body of a response."""
    response = requests.get(f"{URL}{path}", timeout=60, **options)
    response.raise_for_status()
    return response.json()


def post(path: str, body, **options):
    """The body of a response."""
    response = requests.post(f"{URL}{path}", json=body, timeout=60, **options)
    response.raise_for_status()
    return response.json()


RECORDS = get("/api/v1/ir.model", params={"query": "{model}", "order": "model"}, auth=LOGIN)["data"]["records"]
MODELS = [record["model"] for record in RECORDS]
APPLICATION = get("/start")
# The records that requests of this process change and delete: more than it deletes, so that most exist until the end.
CREATED = [{"name": f"Record {index}"} for index in range(500)]
IDS = post(f"/restapi/1.0/object/{WRITABLE}/create", {"args": [CREATED]}, auth=LOGIN)["return"]


def number(*parts) -> int:
    """A number that depends only on the parts."""
    return zlib.crc32(repr(parts).encode("utf-8", "surrogatepass"))


def pick(choices: list, *parts):
    """One of the choices."""
    return choices[number(*parts) % len(choices)]


def existing(name: str, operation, value, salt: int):
    """A value of a path parameter that exists. `salt` distinguishes requests with the same value."""
    reads, path = operation.method.upper() == "GET", operation.path
    match name:
        case "model" if "{field}" in path:
            return pick(WITH_FILES, value, salt)
        case "model":
            return pick(MODELS, value, salt) if reads else WRITABLE
        case "key" if operation.method.upper() == "POST" and path.endswith("{key}"):
            return pick(METHODS, value, salt)
        case "method" | "function":
            return pick(RECORD_METHODS if "{id}" in path or "{key}" in path else METHODS, value, salt)
        case "id" | "key":
            return 1 + number(value, salt) % 12 if reads else pick(IDS, value, salt)
        case "report_name":
            return pick(REPORTS, value, salt)
        case "document":
            return f"{pick(MODELS, value, salt)}.json"
        case "field":
            return pick(FIELDS, value, salt)
    return value


def map_path(operation, values: dict, salt: int) -> dict:
    """Replaces most names and ids by ones that exist. A request that may write never keeps its model."""
    may_write = operation.method.upper() != "GET"
    mapped = {}
    for name, value in values.items():
        is_bound = name == "report_name" or (name == "model" and may_write)
        mapped[name] = existing(name, operation, value, salt) if is_bound or number(name, value) % 4 else value
    record = {name for name in ("id", "key") if name in values}
    if record and "{field}" not in operation.path and "model" in values and number("record", values, salt) % 3 == 0:
        # Few of all models have a record with a small id.
        mapped |= {"model": WRITABLE, record.pop(): pick(IDS, values, salt)}
    return mapped


def map_query(case, values: dict) -> dict:
    """Replaces most values that depend on the model. Most records were not deleted before."""
    mapped = {}
    for name, value in values.items():
        mapped[name] = QUERY[name] if name in QUERY and number(name, value) % 4 else value
    if "ids" in values and case.operation.method.upper() != "GET":
        mapped["ids"] = str(pick(IDS, values, case.headers))
    return {name: value for name, value in mapped.items() if value is not None}


def map_headers(case, values: dict) -> dict:
    """Replaces most values that Odoo would have to know. An idempotency key is valid for one request."""
    mapped = {}
    for name, value in values.items():
        if name in HEADERS and number(name, value, case.path_parameters) % 8:
            value = HEADERS[name]
        if name == "Idempotency-Key" and value and number(value, case.body) % 4:
            value = f"{value}{number(case.path, case.path_parameters, case.query, case.body)}"[-255:]
        if value is not None:
            mapped[name] = value
    return mapped


# The members of bodies that contain the values of a record, and the operations whose body is the record.
RECORD_MEMBERS = ("vals", "data")
RECORD_BODIES = ("api_create_record", "api_update_record", "restful_create_record", "restful_update_record",
                 "restful_change_record")


def map_body(operation_id: str, body):
    """Replaces the values of most records, and most client credentials, by ones that are accepted."""
    if not isinstance(body, dict) or number(body) % 4 == 0:
        return body
    if operation_id == "rpc_jsonrpc":
        return {**body, "params": {"service": "object", "method": "execute_kw", "args": rpc_arguments(body)}}
    record = {"name": f"Schemathesis {number(body)}", "color": number(body) % 12}
    if operation_id in RECORD_BODIES:
        return record
    if operation_id in ("oauth2_access_token", "oauth2_token"):
        return {**body, **credentials(), "grant_type": "client_credentials", "scope": "read"}
    if operation_id in ("oauth2_revoke", "oauth2_introspect"):
        return {**credentials(), "token": f"ogw_at_{number(body)}"}
    if operation_id == "rest_login":
        return login()
    if operation_id in ("apiv1_update_records", "apiv1_delete_records"):
        # The query names the records.
        body = {name: value for name, value in body.items() if name != "filter"}
    if operation_id == "apiv1_search":
        return {**body, **{name: [] for name in ("domain",) if name in body}, "fields": ["name"], "order": "id"}
    for member in RECORD_MEMBERS:
        if isinstance(body.get(member), dict):
            return {**body, member: record}
        if isinstance(body.get(member), list):
            return {**body, member: [record]}
    return body


def rpc_arguments(body) -> list:
    """The arguments of `execute_kw`. Some secrets are wrong."""
    secret = LOGIN[1] if number(body, "secret") % 8 else "wrong"
    method = pick(METHODS, body)
    return [DATABASE, 2, secret, WRITABLE, method, POSITIONAL_ARGUMENTS.get(method, [])]


# Bodies with which most of the methods above can be called. The generated arguments fit none of them.
ARGUMENTS = {
    "restapi_call_model_method": {"args": [[]]},
    "restapi_call_record_method": {},
    "restful_call_method": {},
    "restful_call_method_by_post": {},
}


def map_named_arguments(case) -> None:
    """Replaces most bodies of JSON-2 by arguments that the method has."""
    arguments = NAMED_ARGUMENTS.get(case.path_parameters["method"])
    if arguments is not None and number(case.body) % 4:
        case.body = arguments


def credentials() -> dict:
    """The client credentials of an application."""
    return {name: APPLICATION[name] for name in ("client_id", "client_secret")}


def login() -> dict:
    """The parameters of a login."""
    return {"login": LOGIN[0], "password": LOGIN[1], "db": DATABASE}


def credential_headers(operation_id: str) -> dict:
    """The login; for the operations that accept only one kind of credential, that one."""
    if operation_id.startswith("api_generate_token"):
        return {"api-key": API_KEY}
    if operation_id.startswith(("rest_end_token", "rest_logout")):
        response = requests.post(f"{URL}/rest/api/login/token", json=login(), timeout=60)
        return {"access-token": response.json()["access_token"]}
    return {"Authorization": BASIC}


@schemathesis.hook
def map_case(context, case):
    """Leads a request past the first check."""
    operation, operation_id = case.operation, case.operation.definition.raw.get("operationId", "")
    case.body = map_body(operation_id, case.body)
    if case.path_parameters:
        salt = number(case.query, case.headers, case.body)
        case.path_parameters = map_path(operation, case.path_parameters, salt)
    if operation_id == "json2_call_method":
        map_named_arguments(case)
    elif operation_id in ARGUMENTS and number(case.body) % 3 == 0:
        case.body = ARGUMENTS[operation_id]
    if operation_id == "rest_login_by_get" and number(case.query) % 4:
        case.query = login()
    elif isinstance(case.query, dict):
        case.query = map_query(case, case.query)
    headers = map_headers(case, case.headers or {})
    if operation.definition.raw.get("security") and number(headers, case.query, case.path_parameters, case.body) % 16:
        headers = {name: value for name, value in headers.items() if name.lower() not in CREDENTIALS}
        headers |= credential_headers(operation_id)
    case.headers.clear()
    case.headers.update(headers)
    return case


STATUSES: dict[str, Counter] = {}
LOCK = threading.Lock()


@schemathesis.hook
def after_call(context, case, response):
    """Counts the statuses of each operation."""
    if case.method.upper() == case.operation.method.upper():
        operation_id = case.operation.definition.raw.get("operationId", "")
        with LOCK:
            STATUSES.setdefault(operation_id, Counter())[response.status_code] += 1


# The code, and the title that the dialect `api` shows instead of it.
INTERNAL_ERROR_OF_ODOO = (b"odoo_internal_error", b"An unexpected error occurred in Odoo")


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Whether a finding is reported."""
    is_of_odoo = response.status_code == 502 and any(text in response.content for text in INTERNAL_ERROR_OF_ODOO)
    is_exception = case.path.startswith("/json/2/") and response.status_code == 500 and names_exception(response)
    return not ((is_of_odoo or is_exception) and isinstance(failure, ServerError))


def names_exception(response) -> bool:
    """Whether an error of JSON-2 is an exception that Odoo raised."""
    return not response.json()["name"].startswith("werkzeug.exceptions.")


@atexit.register
def print_statuses() -> None:
    for operation_id, statuses in sorted(STATUSES.items()):
        print("STATUSES", operation_id, *(f"{status}={times}" for status, times in sorted(statuses.items())))
