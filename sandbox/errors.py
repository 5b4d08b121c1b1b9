"""WeChat's error codes with the words it puts beside them (reference contract sections 0.4, 8.6 and 9.1)."""

from __future__ import annotations

import secrets
import time

MESSAGES = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40004: "invalid media type",
    40005: "invalid file type",
    40006: "invalid meida size",
    40007: "invalid media_id",
    40008: "invalid message type",
    40009: "invalid image size",
    40013: "invalid appid",
    40014: "invalid access_token",
    40015: "invalid menu type",
    40016: "invalid button size",
    40017: "invalid button type",
    40018: "invalid button name size",
    40019: "invalid button key size",
    40020: "invalid button url size",
    40021: "invalid menu version",
    40022: "invalid sub button level",
    40023: "invalid sub button size",
    40024: "invalid sub button type",
    40025: "invalid sub button name size",
    40026: "invalid sub button key size",
    40027: "invalid sub button url size",
    40028: "invalid menu api user",
    40029: "invalid code",
    40030: "invalid refresh_token",
    40032: "invalid openid list size",
    40033: "invalid charset. please check your request, if include \\uxxxx will create fail!",
    40035: "invalid parameter",
    40037: "invalid template_id",
    40053: "invalid action info",
    40054: "invalid sub button url domain",
    40055: "invalid button url domain",
    40056: "invalid serial code",
    40058: "invalid request parameter",
    40059: "invalid msg id",
    40071: "invalid card type",
    40072: "invalid date info",
    40073: "invalid card id",
    40078: "invalid card status",
    40079: "invalid time",
    40094: "invalid parameter",
    40096: "invalid external userid",
    40097: "invalid args",
    40099: "already consumed",
    40100: "invalid time range",
    40114: "invalid index value",
    40122: "invalid sku quantity",
    40124: "too many custom_field",
    40125: "invalid appsecret",
    40127: "user card has been deleted or gifted",
    40129: "invalid scene",
    40130: "invalid openid list size, at least two openid",
    40163: "code been used",
    40164: "invalid ip 127.0.0.1, not in whitelist",
    40165: "invalid weapp pagepath",
    40169: "invalid length for scene, or the data is not json string",
    40212: "invalid query",
    40226: "code blocked",
    40243: "AppSecret is frozen",
    40246: "invalid keyword",
    41001: "access_token missing",
    41002: "appid missing",
    41004: "appsecret missing",
    41005: "media data missing",
    41006: "media_id missing",
    41008: "missing code",
    41009: "missing openid",
    41011: "missing required fields! please check document and request json!",
    41012: "missing cardid",
    41030: "invalid page",
    41050: "invalid welcome code",
    41051: "welcome code has been used",
    42001: "access_token expired",
    42002: "refresh_token expired",
    42003: "code expired",
    42007: "user changed password, refresh_token is invalid",
    43001: "require GET method",
    43002: "require POST method",
    43004: "require subscribe",
    43009: "custom SN permission denied",
    43010: "no permission for balance",
    43019: "require remove blacklist",
    43101: "user refuse to accept the msg",
    43107: "subscription ability is banned",
    44002: "empty post data",
    44004: "empty news data",
    45002: "message content size out of limit",
    45003: "title size out of limit",
    45004: "description size out of limit",
    45008: "article size out of limit",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    45015: "response out of time limit or subscription is canceled",
    45021: "field size out of limit",
    45026: "template num exceeds limit",
    45028: "has no masssend quota",
    45029: "qrcode count out of limit",
    45030: "card has no permission for this api",
    45031: "stock is zero",
    45033: "user get_limit exceeded",
    45047: "out of response count limit",
    45056: "too many tags, can not add new tag",
    45057: "can't delete the tag that has too many fans",
    45058: "can't modify sys tag",
    45059: "can not tag one user too much",
    45065: "clientmsgid exist",
    45066: "the same clientmsgid retry too fast",
    45067: "clientmsgid size out of limit",
    45083: "invalid speed",
    45157: "invalid tag name",
    45158: "tag name too long",
    45159: "invalid tag id",
    45166: "invalid content",
    46003: "menu no exist",
    47001: "data format error",
    47003: "argument invalid!",
    48001: "api unauthorized",
    48004: "api forbidden for irregularities",
    48006: "forbid to clear quota because of reaching the limit",
    50002: "user limited",
    60020: "not allow to access from your ip",
    60111: "userid not found",
    61007: "api is unauthorized to component",
    65301: "menuid not exist",
    65302: "no such user",
    65303: "there is no selfmenu, please create selfmenu first",
    65304: "match rule empty",
    65305: "menu count limit",
    65306: "conditional menu not supported",
    65307: "conditional menu is empty",
    65308: "exist empty button act",
    65309: "conditional menu is closed",
    65310: "country is empty",
    65311: "province is empty",
    65312: "invalid country",
    65313: "invalid province",
    65314: "invalid city",
    65316: "domain count reach limit",
    65317: "contain other's url",
    76003: "rid not found",
    76021: "cgi_path not found, please check",
    76022: "could not use this cgi_path, no permission",
    84061: "not external contact",
    84074: "no external contact permission",
    85079: "miniprogram has no online release",
    85096: "not allow include scancode_time field",
    85400: "reach max long time quota limit",
    85401: "time limit between 1min and 30 days",
    200011: "account banned",
    200012: "reach max template count",
    200014: "invalid template tid",
    200016: "invalid start or limit",
    200020: "invalid keyword id list",
    200021: "invalid scene description",
    9001002: "remote service unavailable",
}


def new_rid() -> str:
    """The request id that WeChat appends to its error messages."""
    return f"{int(time.time()):x}-{secrets.token_hex(4)}-{secrets.token_hex(4)}"


class WeChatError(Exception):
    """A refusal that goes out as HTTP 200 with errcode and errmsg."""

    def __init__(self, errcode: int, detail: str = "") -> None:
        """`detail` names the field or value that was wrong, as WeChat often does."""
        self.errcode = errcode
        self.errmsg = " ".join(part for part in (MESSAGES.get(errcode, "error"), detail) if part)
        super().__init__(f"{errcode} {self.errmsg}")

    def body(self) -> dict[str, object]:
        """The JSON that a caller sees."""
        return {"errcode": self.errcode, "errmsg": f"{self.errmsg} rid: {new_rid()}"}


class ControlError(Exception):
    """A refusal of the control API: something a person in the simulation cannot do."""

    def __init__(self, status: int, code: str, message: str) -> None:
        """`code` is for programs, `message` (Chinese) for the person at the phone."""
        self.status = status
        self.code = code
        self.message = message
        super().__init__(message)
