"""System parameters (19.1): `get_str` and others instead of `get_param` and `set_param`."""
from odoo import api
from odoo.addons.base.models.ir_config_parameter import IrConfig_Parameter

from . import remote

IN_19 = {"get_param", "set_param"}


def getter(convert):
    @api.model
    def get(self, key, default=None):
        value = self.get_param(key, default)
        return value if value is default else convert(value)

    return get


@api.model
def set_value(self, key, value):
    self.set_param(key, value)
    return True


TYPES = {"str": str, "bool": lambda value: value not in ("False", "0"), "int": int, "float": float}

for suffix, convert in TYPES.items():
    setattr(IrConfig_Parameter, f"get_{suffix}", getter(convert))
    setattr(IrConfig_Parameter, f"set_{suffix}", set_value)

remote.GONE_METHODS |= {("ir.config_parameter", name) for name in IN_19}
