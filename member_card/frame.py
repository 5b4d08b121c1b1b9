"""The member centre is a frame: whoever has data about a member brings a panel (see crm.members.panels)."""

from __future__ import annotations

from crm.members.panels import Frame

member_centre = Frame()
panel = member_centre.panel
