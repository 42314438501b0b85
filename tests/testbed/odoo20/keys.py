"""API keys: the scope is required and exact (19.4), and keys are made and revoked over RPC (19.1)."""
from odoo import api, fields
from odoo.addons.base.models.res_users import INDEX_SIZE, ResUsersApikeys
from odoo.exceptions import AccessDenied, AccessError, UserError

check_credentials_19, generate_19 = ResUsersApikeys._check_credentials, ResUsersApikeys._generate


def check_credentials(self, *, scope, key):
    owner = check_credentials_19(self, scope=scope, key=key)
    query = f"SELECT 1 FROM {self._table} WHERE user_id = %s AND index = %s AND scope = %s"
    self.env.cr.execute(query, [owner or 0, key[:INDEX_SIZE], scope])
    return owner if self.env.cr.fetchone() else None


def _generate(self, scope, name, expiration_date):
    return generate_19(self, scope or "rpc", name, expiration_date)


def check_programmatic(self, key, scope):
    parameters = self.env["ir.config_parameter"].sudo()
    if not self.env.is_system() and parameters.get_param("base.enable_programmatic_api_keys") in (False, "False", "0"):
        raise AccessError("Programmatic API keys are not enabled")
    if self._check_credentials(scope=scope, key=key) != self.env.uid:
        raise AccessDenied


@api.model
def generate(self, key, scope, name, expiration_date):
    check_programmatic(self, key, scope)
    limit = int(self.env["ir.config_parameter"].sudo().get_param("base.programmatic_api_keys_limit", 10))
    if self.sudo().search_count([("user_id", "=", self.env.uid)]) >= limit:
        raise UserError(f"Limit of {limit} API keys is reached for programmatic creation.")
    return self._generate(scope, name, fields.Datetime.to_datetime(expiration_date))


@api.model
def revoke(self, key):
    check_programmatic(self, key, "rpc")
    query = f"SELECT id FROM {self._table} WHERE user_id = %s AND index = %s"
    self.env.cr.execute(query, [self.env.uid, key[:INDEX_SIZE]])
    self.browse(row[0] for row in self.env.cr.fetchall())._remove()
    return True


ResUsersApikeys._check_credentials = check_credentials
ResUsersApikeys._generate = _generate
ResUsersApikeys.generate = generate
ResUsersApikeys.revoke = revoke
