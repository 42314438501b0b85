"""A program that uses the generated Python client of res.partner, sale.order and sale.order.line.

In:   FACTS as JSON: url, basic (credential), customer and product (ids). The module `generated` next to this file.
Out:  a line of JSON: {"partner": id, "order": id}; both are deleted. mypy checks the types in strict mode, and each
      `assert_type` fails if an attribute is `Any`.
"""

import json
import sys
from typing import TypeVar, assert_type

from generated import AuthenticatedClient
from generated.api.api_v1 import (
    create_res_partner,
    create_sale_order,
    delete_res_partner,
    delete_sale_order,
    get_res_partner,
    get_sale_order,
    list_sale_order_line,
    update_res_partner,
    update_sale_order,
)
from generated.models.api_v1_failed import ApiV1Failed
from generated.models.res_partner_create import ResPartnerCreate
from generated.models.res_partner_create_request import ResPartnerCreateRequest
from generated.models.res_partner_type import ResPartnerType
from generated.models.res_partner_update import ResPartnerUpdate
from generated.models.res_partner_update_request import ResPartnerUpdateRequest
from generated.models.sale_order_create import SaleOrderCreate
from generated.models.sale_order_create_request import SaleOrderCreateRequest
from generated.models.sale_order_line_commands import SaleOrderLineCommands
from generated.models.sale_order_line_update import SaleOrderLineUpdate
from generated.models.sale_order_line_commands_update import SaleOrderLineCommandsUpdate
from generated.models.sale_order_state import SaleOrderState
from generated.models.sale_order_update import SaleOrderUpdate
from generated.models.sale_order_update_request import SaleOrderUpdateRequest
from generated.types import Unset

T = TypeVar("T")


def success(response: T | ApiV1Failed | None) -> T:
    """The response, which is not an error."""
    if response is None or isinstance(response, ApiV1Failed):
        raise SystemExit(f"unexpected response: {response}")
    return response


def partner(client: AuthenticatedClient) -> int:
    """Creates, reads, updates and deletes a contact."""
    values = ResPartnerCreate(name="Generated", is_company=True, color=4, partner_latitude=1.5, type_=ResPartnerType.OTHER)
    created = success(create_res_partner.sync(client=client, body=ResPartnerCreateRequest(data=values))).data
    assert_type(created.id, int)

    read = success(get_res_partner.sync(created.id, client=client)).data
    assert_type(read.name, str | None | Unset)
    assert_type(read.is_company, bool | Unset)
    assert_type(read.color, int | Unset)
    assert_type(read.partner_latitude, float | Unset)
    assert_type(read.type_, ResPartnerType | None | Unset)
    assert_type(read.country_id, int | None | Unset)
    assert_type(read.category_id, list[int] | Unset)
    assert (read.name, read.is_company, read.color) == ("Generated", True, 4), read
    assert (read.partner_latitude, read.type_, read.country_id) == (1.5, ResPartnerType.OTHER, None), read

    change = ResPartnerUpdateRequest(data=ResPartnerUpdate(name="Changed", color=None))
    success(update_res_partner.sync(created.id, client=client, body=change))
    changed = success(get_res_partner.sync(created.id, client=client)).data
    assert (changed.name, changed.color) == ("Changed", 0), changed

    success(delete_res_partner.sync(created.id, client=client))
    assert isinstance(get_res_partner.sync(created.id, client=client), ApiV1Failed)
    return created.id


def order(client: AuthenticatedClient, customer: int, product: int) -> int:
    """Creates an order with lines, changes the order and a line, and deletes the order."""
    lines = [SaleOrderLineUpdate(product_id=product, product_uom_qty=quantity) for quantity in (2.0, 3.0)]
    values = SaleOrderCreate(partner_id=customer, order_line=SaleOrderLineCommands(create=lines))
    created = success(create_sale_order.sync(client=client, body=SaleOrderCreateRequest(data=values))).data

    read = success(get_sale_order.sync(created.id, client=client)).data
    assert_type(read.state, SaleOrderState | None | Unset)
    assert_type(read.amount_total, float | Unset)
    assert_type(read.order_line, list[int] | Unset)
    assert (read.state, read.partner_id) == (SaleOrderState.DRAFT, customer), read
    assert not isinstance(read.order_line, Unset) and len(read.order_line) == 2, read

    first = str(read.order_line[0])
    update = SaleOrderLineCommandsUpdate()
    update[first] = SaleOrderLineUpdate(product_uom_qty=5.0)
    change = SaleOrderUpdate(client_order_ref="PO 7", order_line=SaleOrderLineCommands(update=update))
    success(update_sale_order.sync(created.id, client=client, body=SaleOrderUpdateRequest(data=change)))

    domain = json.dumps([["order_id", "=", created.id]])
    found = success(list_sale_order_line.sync(client=client, filter_=domain, order="id")).data
    assert [line.product_uom_qty for line in found.records] == [5.0, 3.0], found
    assert success(get_sale_order.sync(created.id, client=client)).data.client_order_ref == "PO 7"

    success(delete_sale_order.sync(created.id, client=client))
    assert isinstance(get_sale_order.sync(created.id, client=client), ApiV1Failed)
    return created.id


def main() -> None:
    """Runs both with the credential in the facts."""
    facts = json.loads(sys.argv[1])
    client = AuthenticatedClient(base_url=facts["url"], token=facts["basic"], prefix="Basic")
    result = {"partner": partner(client), "order": order(client, facts["customer"], facts["product"])}
    print(json.dumps(result))


main()
