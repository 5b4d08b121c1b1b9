"""The page of one order is a frame: packages above bring what they know of it.

@on_order_page(order=20, permission="orders.read")
def points_of_order(order_id: int) -> Panel | None: …
"""

from __future__ import annotations

from crm.members.panels import Frame

order_page = Frame()
on_order_page = order_page.panel
