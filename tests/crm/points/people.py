"""Members whose points the tests move."""

from core.work import transact
from crm.members import service as members

APPID = "wx00000000000test1"


def new_member(number=1):
    """A member; her person id."""

    def join():
        identity = members.ensure_openid(APPID, f"o_member_{number}")
        members.become_member(identity.person_id)
        return identity.person_id

    return transact(join)
