"""A stand-in for Odoo 20: patches of Odoo 19 that make it answer RPC as the sources of Odoo 20 say.

Each file is a topic, and each patch names what changed and in which version. What a client over RPC cannot see stays
as it is in Odoo 19. `remote` is the way of each call from outside; the other files patch classes or register there.

In:   `odoo --load=base,rpc,web,odoo20 --addons-path=tests/testbed`, on a database of Odoo 19.
Out:  a server that calls itself 20.0.
"""
from . import remote
from . import binaries, fields, keys, orm, parameters, reports, server
