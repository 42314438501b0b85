"""The server: its version, the service `db`, the size of request heads, and errors as JSON."""
import datetime

from odoo import http
from odoo.addons.rpc.controllers import RPC
from odoo.service import common, db

VERSION = (20, 0, 0, "final", 0, "")

# 19.4: the largest request line and headers together.
MAX_HEAD_BYTES = 16 * 1024

serialize_19, serve_19 = http.serialize_exception, http.Application.__call__


class Version(RPC):
    @http.route()
    def version(self):
        return http.request.make_json_response({"version_info": VERSION, "version": "20.0"})


def dispatch_db(method, params):
    """19.1: the service is gone."""
    raise ValueError("Invalid service name: db")


def serialize_exception(exception, *, message=None, arguments=None):
    """19.2: one more member, before `context`."""
    error = serialize_19(exception, message=message, arguments=arguments)
    timestamp = datetime.datetime.now(datetime.timezone.utc).isoformat()
    rest = {name: error.pop(name) for name in ("context", "debug")}
    return {**error, "timestamp": timestamp, **rest}


def size_of_head(environ):
    headers = sum(len(name) + len(value) for name, value in environ.items() if name.startswith("HTTP_"))
    return headers + len(environ.get("PATH_INFO", "")) + len(environ.get("QUERY_STRING", ""))


def serve(self, environ, start_response):
    if size_of_head(environ) > MAX_HEAD_BYTES:
        start_response("431 Request Header Fields Too Large", [("Content-Type", "text/plain"), ("Connection", "close")])
        return [b"Request Header Fields Too Large"]
    return serve_19(self, environ, start_response)


common.RPC_VERSION_1.update(server_version="20.0", server_version_info=VERSION, server_serie="20.0")
db.dispatch = dispatch_db
http.serialize_exception = serialize_exception
http.Application.__call__ = serve
