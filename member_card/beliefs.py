"""Which cards are in which wallets, by our word: what is compared with WeChat's (wechat/beliefs.py)."""

from __future__ import annotations

from crm.members import service as members
from member_card import queries
from member_card.rules import ACTIVE, CLAIMED
from wechat.beliefs import BelievedCard, KnownPerson


class KnownCards:
    """What `wechat.beliefs.Cards` asks for."""

    @staticmethod
    def designs(appid: str) -> list[str]:
        """WeChat's ids of the account's member cards."""
        return queries.card_ids_of(appid)

    @staticmethod
    def after(appid: str, last: int, limit: int) -> list[BelievedCard]:
        """Cards after one, in the order of ids; of those WeChat has made invalid nothing can be said."""
        return [
            BelievedCard(
                card.id,
                card.card_id,
                card.code,
                card.status in {CLAIMED, ACTIVE},
                card.status == CLAIMED,
                card.heard_at,
            )
            for card in queries.comparable_cards_after(queries.card_ids_of(appid), last, limit)
        ]

    @staticmethod
    def people_after(appid: str, last: int, limit: int) -> list[KnownPerson]:
        """Who is known by an openid, after one, in the order of ids."""
        return _with_cards(members.openids_after(appid, last, limit))

    @staticmethod
    def newest_people(appid: str, limit: int) -> list[KnownPerson]:
        """Who became known by an openid last."""
        return _with_cards(members.newest_openids(appid, limit))


def _with_cards(known: list[tuple[int, str]]) -> list[KnownPerson]:
    holders = queries.holders_among([identity_id for identity_id, _ in known])
    return [KnownPerson(identity_id, openid, identity_id in holders) for identity_id, openid in known]
