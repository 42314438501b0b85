"""Reports (20.0): the engine that makes PDFs can be another one than wkhtmltopdf.

A test can take the engine away: for one report by `pdf_engine` in the context, for the state by a system parameter.
"""
from odoo import api
from odoo.addons.base.models.ir_actions_report import IrActionsReport
from odoo.exceptions import UserError

from . import remote

render_19 = IrActionsReport._render_qweb_pdf


@api.model
def get_pdf_engine_state(self, engine_name=None):
    state = self.env["ir.config_parameter"].sudo().get_param("stand_in.pdf_engine_state")
    return state or self.get_wkhtmltopdf_state()


def _render_qweb_pdf(self, report_ref, res_ids=None, data=None):
    engine = self.env.context.get("pdf_engine")
    if engine == "html":  # the page that an engine would have converted, as application/pdf
        return self._render_qweb_html(report_ref, res_ids, data=data)[0], "html"
    if engine == "missing":
        raise UserError("Unable to find the pdf engine on this system. The PDF can not be created.")
    return render_19(self, report_ref, res_ids, data)


IrActionsReport.get_pdf_engine_state = get_pdf_engine_state
IrActionsReport._render_qweb_pdf = _render_qweb_pdf
remote.GONE_METHODS.add(("ir.actions.report", "get_wkhtmltopdf_state"))
