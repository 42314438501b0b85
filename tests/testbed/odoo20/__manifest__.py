{
    "name": "Stand-in for Odoo 20",
    "summary": "Changes a running Odoo 19 into what is known of Odoo 20",
    "description": "A server-wide module: it patches classes and is not installed in a database.",
    "version": "1.0",
    "author": "odoo-gateway",
    "license": "Other OSI approved licence",
    "depends": ["base", "web", "rpc"],
    "installable": True,
}
