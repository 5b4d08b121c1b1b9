"""Structured logs: one JSON line an event, with the request's id and without personal data.

What may be logged are codes, ids, counts and kinds. As a last line of defence every value is searched for things
that look like a mobile number or a credential; they are struck out.
"""

from __future__ import annotations

import logging
import re
import sys
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from settings import Settings

_PHONE = re.compile(r"(?<!\d)(?:\+?86)?1[3-9]\d{9}(?!\d)")
_CREDENTIAL = re.compile(
    r"(?i)((?:access_token|secret|appsecret|ticket|code|session_key|password|state)=)[^&\s\"']+"
)
# What a database driver quotes in its errors: the key that is there already, the value that does not fit.
_QUOTED_BY_STORE = re.compile(r"(Duplicate entry |[Vv]alue: )'.*?'(?= for |\"|\)|$)", re.DOTALL)
_NAMED = frozenset(
    {"phone", "secret", "token", "access_token", "password", "openid", "unionid", "name", "nickname"}
)


def scrub(value: Any) -> Any:
    """The value with everything struck out that looks personal or secret."""
    if isinstance(value, str):
        kept = _QUOTED_BY_STORE.sub(r"\1'***'", _PHONE.sub("***", value))
        return _CREDENTIAL.sub(r"\1***", kept)
    if isinstance(value, dict):
        return {key: "***" if key in _NAMED else scrub(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [scrub(inner) for inner in value]
    return value


def _scrub_event(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: "***" if key in _NAMED else scrub(value) for key, value in event.items()}


def configure(settings: Settings) -> None:
    """Send every log line of the process, the libraries' too, through one scrubbed JSON renderer on stderr."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _scrub_event,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(ensure_ascii=False)],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[settings.log_level]
        ),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared[:-1],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _scrub_event,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level)
    for noisy in ("urllib3", "werkzeug", "rq", "PIL"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
