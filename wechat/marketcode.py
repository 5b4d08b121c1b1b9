"""WeChat's own codes, one for each item (微信一物一码), in our words. Contract section 11.

Applied for, made by WeChat by and by, downloaded in packs, printed, activated by ranges of offsets; then a scan opens
a mini-program page with a `code_ticket`. The plug-in belongs to a verified service account, whose token is used:
`appid` chooses it, without it the service account speaks. All raise `BadValue` before anything is sent, and
wechat.errors.WeChatError: WeChat's own codes of refusal are not documented here, so a Permanent may mean "unknown",
"not finished" or "not active". Nothing here may be called inside a unit of work.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any, TypeVar

from core.errors import Conflict
from wechat import marketcode_rules as rules
from wechat.accounts import account
from wechat.client import client
from wechat.errors import Unknown
from wechat.marketpack import OfficialCode, Segment, read_pack

Json = dict[str, Any]
T = TypeVar("T")
FINISHED = "FINISH"
# A pack of 50,000 codes is a few megabytes that WeChat makes while we wait.
DOWNLOAD_S = 120.0


class NotFinished(Conflict):
    """WeChat is still making the codes."""

    code = "codes_not_finished"
    message = "WeChat is still making these codes; ask again in a few minutes."


class Release(IntEnum):
    """Which version of the mini-program a scan opens (WeChat's `wxa_type`)."""

    RELEASE = 0
    DEVELOP = 1
    TRIAL = 2


@dataclass(frozen=True)
class Application:
    """One application for codes.

    `request_id` is our own id of it (`isv_application_id`). Of the values of `status` only FINISH is documented; until
    then there are no segments.
    """

    application_id: int
    request_id: str
    status: str
    segments: tuple[Segment, ...]
    created_at: datetime | None
    updated_at: datetime | None

    @property
    def finished(self) -> bool:
        """Whether its packs can be downloaded."""
        return self.status == FINISHED


@dataclass(frozen=True)
class Activity:
    """What a range of codes is activated for, and the mini-program page that a scan opens."""

    name: str
    brand: str
    title: str
    product_code: str
    wxa_appid: str
    wxa_path: str
    wxa_type: Release = Release.RELEASE


@dataclass(frozen=True)
class ActiveCode:
    """An activated code. Application and raw code together name one item for ever.

    `activity.product_code` is "" where WeChat leaves it out; a ticket's answer never tells `wxa_type`, which then
    stands at its default.
    """

    code: str = field(repr=False)
    application_id: int
    request_id: str
    activity: Activity
    segment: Segment


def apply_for_codes(quantity: int, request_id: str, *, appid: str | None = None) -> int:
    """Apply for codes; WeChat's application_id.

    WeChat: POST /intp/marketcode/applycode; 10,000 to 20,000,000, a multiple of 10,000. `request_id` (at most 128
    characters) is the idempotent key: after an Unknown, or at any time, ask again with the same id and quantity.
    """
    rules.check_quantity(quantity)
    rules.check_text("request_id", request_id)
    body = {"code_count": quantity, "isv_application_id": request_id}
    return _ask("applycode", body, lambda answer: int(answer["application_id"]), appid=appid)


def find_application(
    *, application_id: int | None = None, request_id: str | None = None, appid: str | None = None
) -> Application:
    """How far an application has come, by WeChat's id or by ours.

    WeChat: POST /intp/marketcode/applycodequery. Codes are made by and by: poll until `finished`.
    """
    body: Json = {}
    if application_id is not None:
        rules.check_id(application_id)
        body["application_id"] = application_id
    if request_id is not None:
        rules.check_text("request_id", request_id)
        body["isv_application_id"] = request_id
    if not body:
        raise rules.BadValue("name the application: application_id or request_id")
    return _ask("applycodequery", body, _application, appid=appid)


def download_segment(
    application_id: int, segment: Segment, secret: str, *, appid: str | None = None
) -> list[OfficialCode]:
    """All codes of one segment, in order. It reads only, so it may be repeated.

    WeChat: POST /intp/marketcode/applycodedownload, after FINISH, for a segment as `find_application` lists it.
    `secret` is what WeChat mailed when the plug-in was approved (16 characters; Account.marketcode_secret).
    BadPack when the pack is not whole.
    """
    rules.check_id(application_id)
    rules.check_segment(segment)
    rules.check_secret(secret)
    body = {"application_id": application_id, "code_start": segment.start, "code_end": segment.end}
    buffer = _ask("applycodedownload", body, lambda answer: str(answer["buffer"]), appid=appid, patient=True)
    return read_pack(buffer, secret, segment)


def download_all(
    application: Application, secret: str, *, done: Container[Segment] = (), appid: str | None = None
) -> Iterator[tuple[Segment, list[OfficialCode]]]:
    """The codes of an application, segment by segment, without those in `done`; one segment in memory at a time.

    NotFinished (at once) while WeChat is still making them. See `download_segment`.
    """
    rules.check_secret(secret)
    if not application.finished:
        raise NotFinished
    missing = [segment for segment in application.segments if segment not in done]
    number = application.application_id
    return ((segment, download_segment(number, segment, secret, appid=appid)) for segment in missing)


def activate(application_id: int, segment: Segment, activity: Activity, *, appid: str | None = None) -> None:
    """Let scans of a closed range of offsets open a mini-program page.

    WeChat: POST /intp/marketcode/codeactive; texts of at most 128 characters. Repeating it with the same values is
    harmless; what another activity for an active range does is not documented.
    """
    rules.check_id(application_id)
    rules.check_segment(segment)
    for name in ("name", "brand", "title"):
        rules.check_text(name, getattr(activity, name))
    rules.check_ean(activity.product_code)
    rules.check_page(activity.wxa_appid, activity.wxa_path)
    body = {
        "application_id": application_id,
        "activity_name": activity.name,
        "product_brand": activity.brand,
        "product_title": activity.title,
        "product_code": activity.product_code,
        "wxa_appid": activity.wxa_appid,
        "wxa_path": activity.wxa_path,
        "wxa_type": int(activity.wxa_type),
        "code_start": segment.start,
        "code_end": segment.end,
    }
    _ask("codeactive", body, lambda _: None, appid=appid)


def active_code_at(application_id: int, offset: int, *, appid: str | None = None) -> ActiveCode:
    """The active code at an offset. WeChat: POST /intp/marketcode/codeactivequery."""
    rules.check_id(application_id)
    rules.check_offset(offset)
    return _ask(
        "codeactivequery", {"application_id": application_id, "code_index": offset}, _active, appid=appid
    )


def active_code_of_url(code_url: str, *, appid: str | None = None) -> ActiveCode:
    """The active code with this printed text (28 characters). WeChat: POST /intp/marketcode/codeactivequery."""
    rules.check_url(code_url)
    return _ask("codeactivequery", {"code_url": code_url}, _active, appid=appid)


def active_code(code: str, *, appid: str | None = None) -> ActiveCode:
    """The active code with this raw code (9 characters). WeChat: POST /intp/marketcode/codeactivequery."""
    rules.check_code(code)
    return _ask("codeactivequery", {"code": code}, _active, appid=appid)


def code_of_ticket(openid: str, code_ticket: str, *, appid: str | None = None) -> ActiveCode:
    """Which code she scanned: the ticket that WeChat gave the mini-program page, and her openid there.

    WeChat: POST /intp/marketcode/tickettocode. How long and how often a ticket works is not documented: take it as
    single-use, and keep the answer by ticket. WeChat redeems nothing: first scans and rewards are ours to count.
    """
    rules.check_scan(openid, code_ticket)
    return _ask("tickettocode", {"openid": openid, "code_ticket": code_ticket}, _active, appid=appid)


def _ask(name: str, body: Json, read: Callable[[Json], T], *, appid: str | None, patient: bool = False) -> T:
    ours = client(account(appid))
    path = f"intp/marketcode/{name}"
    answer = ours.call(path, body, read_s=DOWNLOAD_S if patient else None)
    try:
        return read(answer)
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
        error = Unknown(path, 0, "the answer lacks what it should hold")
    raise error  # outside the handler: a chained error would hold the answer


def _application(answer: Json) -> Application:
    listed = answer.get("code_generate_list") or []
    # WeChat sends a list of one as the object itself.
    segments = [
        Segment(int(part["code_start"]), int(part["code_end"]))
        for part in ([listed] if isinstance(listed, dict) else listed)
    ]
    if answer["status"] == FINISHED and not segments:
        raise ValueError  # an empty file would look like a whole one
    return Application(
        application_id=int(answer["application_id"]),
        request_id=str(answer["isv_application_id"]),
        status=str(answer["status"]),
        segments=tuple(sorted(segments)),
        created_at=_moment(answer.get("create_time")),
        updated_at=_moment(answer.get("update_time")),
    )


def _moment(seconds: Any) -> datetime | None:
    return datetime.fromtimestamp(int(seconds), UTC) if seconds else None


def _active(answer: Json) -> ActiveCode:
    return ActiveCode(
        code=str(answer["code"]),
        application_id=int(answer["application_id"]),
        request_id=str(answer["isv_application_id"]),
        activity=Activity(
            name=str(answer["activity_name"]),
            brand=str(answer["product_brand"]),
            title=str(answer["product_title"]),
            product_code=str(answer.get("product_code") or ""),
            wxa_appid=str(answer["wxa_appid"]),
            wxa_path=str(answer["wxa_path"]),
            wxa_type=Release(int(answer.get("wxa_type") or 0)),
        ),
        segment=Segment(int(answer["code_start"]), int(answer["code_end"])),
    )
