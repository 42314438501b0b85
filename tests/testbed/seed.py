"""Test users with rights of every kind, in a fresh database with demo data. Same logins on every version of Odoo.

In:   stdin of `odoo shell`, which provides `env`.
Out:  users internal, salesman, portal (password = login); orders of the salesman; Second Company;
      an API key of `internal`, in the file internal.apikey of Odoo's data folder.
"""
from pathlib import Path

from odoo.release import version_info
from odoo.tools import config

Users = env["res.users"].with_context(no_reset_password=True)
GROUPS = "group_ids" if "group_ids" in Users._fields else "groups_id"


def make_user(login, *groups):
    user = Users.search([("login", "=", login)]) or Users.create({"name": login.title(), "login": login})
    user.write({
        "password": login,
        "email": f"{login}@example.com",
        GROUPS: [(6, 0, [env.ref(group).id for group in groups])],
    })
    return user


internal = make_user("internal", "base.group_user")
salesman = make_user("salesman", "base.group_user", "sales_team.group_sale_salesman")
make_user("portal", "base.group_portal")

admin = env.ref("base.user_admin")
admin.write({
    "company_ids": [(4, env["res.company"].create({"name": "Second Company"}).id)],
    GROUPS: [(4, env.ref("sales_team.group_sale_manager").id)],
})

customers = env["res.partner"].search([("is_company", "=", True), ("user_ids", "=", False)], limit=3)
product = env["product.product"].search([("sale_ok", "=", True), ("list_price", ">", 0)], limit=1)
for customer in customers:
    env["sale.order"].create({
        "partner_id": customer.id,
        "user_id": salesman.id,
        "order_line": [(0, 0, {"product_id": product.id, "product_uom_qty": 2})],
    })

# As superuser in the name of `internal`: a key of their own making must expire, and so would the cached database.
no_expiry = [None] if version_info[0] >= 18 else []
key = env["res.users.apikeys"].with_user(internal).sudo()._generate(None, "test stand", *no_expiry)
Path(config["data_dir"], "internal.apikey").write_text(key)

env.cr.commit()
