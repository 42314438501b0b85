"""Waits until an Odoo server works: it responds, and the registry of a database is loaded.

In:   its URL, the database, the process id of the server.
Out:  exit status 0 if admin can log in; 1 if the process has ended, or after two minutes.
"""
import os
import socket
import sys
import time
import xmlrpc.client

socket.setdefaulttimeout(120)
url, database, pid = sys.argv[1:]
common = xmlrpc.client.ServerProxy(f"{url}/xmlrpc/2/common")
deadline = time.monotonic() + 120
while time.monotonic() < deadline:
    try:
        os.kill(int(pid), 0)
        common.version()
        sys.exit(0 if common.authenticate(database, "admin", "admin", {}) else 1)
    except ConnectionError:
        time.sleep(0.1)
    except ProcessLookupError:
        break
sys.exit(1)
