"""What every answer has: a request id, security headers, metrics, and errors explained in one place."""

from __future__ import annotations

import time
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import structlog
from flask import Blueprint, Request, Response, current_app, g, jsonify, render_template, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_wtf.csrf import CSRFError, CSRFProtect
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter, Map

from core import doorbell
from core.db import db
from core.errors import ProductError, Unavailable
from core.health import store_is_reachable, task_counts
from core.i18n import ROOT
from core.ids import LARGEST_ID, new_id
from core.metrics import REQUEST_SECONDS, REQUESTS, TASKS_DEAD, TASKS_DUE

if TYPE_CHECKING:
    from flask import Flask
    from flask.typing import ResponseReturnValue
    from prometheus_client import Counter, Histogram
    from werkzeug.routing import MapAdapter

    from settings import Settings

log = structlog.get_logger()
csrf = CSRFProtect()
bp = Blueprint("core", __name__, template_folder="templates")
DESK = ("/console",)
MACHINES = ("/api/", "/wechat/", "/metrics", "/healthz", "/readyz")
PEOPLE = ("/wechat/oauth/",)


class Id(IntegerConverter):
    """`<int:…>` in an address: a number that no id can have is not found, where SQLite could not even compare it."""

    def __init__(self, url_map: Map, *args: Any, **options: Any) -> None:
        options.setdefault("max", LARGEST_ID)
        super().__init__(url_map, *args, **options)


class Sessions(SecureCookieSessionInterface):
    """Flask's own, but for a visitor without the cookie nothing is prepared: most of WeChat's requests are such."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """An empty session where there is no cookie to read."""
        if app.secret_key and self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        return super().open_session(app, request)


def init_app(app: Flask) -> None:
    """Give the application its edge."""
    app.session_interface = Sessions()
    app.url_map.converters["int"] = Id
    settings: Settings = app.extensions["settings"]
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SECRET_KEY_FALLBACKS=[key for key in settings.secret_key_fallbacks.split(",") if key],
        SESSION_COOKIE_NAME="__Host-yima" if settings.secure_cookies else "yima",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        SESSION_COOKIE_HTTPONLY=True,
        # Strict would lose the session on WeChat's own redirect back to us.
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=8 * 1024 * 1024,
        WTF_CSRF_TIME_LIMIT=None,
        SEND_FILE_MAX_AGE_DEFAULT=31_536_000,
        HEADERS=_headers(settings),
    )
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]
    # No view is a coroutine: Flask asks every function of every request, six times for one push.
    app.ensure_sync = lambda func: func  # type: ignore[method-assign]
    _address_as_public(app, settings)
    csrf.init_app(app)
    app.register_blueprint(bp)
    app.before_request(_begin)
    app.after_request(_end)
    app.register_error_handler(ProductError, _refused)
    app.register_error_handler(CSRFError, _form_too_old)
    app.register_error_handler(HTTPException, _http_error)
    for away in (OperationalError, InterfaceError, PoolTimeoutError):
        app.register_error_handler(away, _store_away)
    app.register_error_handler(Exception, _bug)


def _address_as_public(app: Flask, settings: Settings) -> None:
    """Whole addresses (what is printed, where a missing slash leads) begin with PUBLIC_BASE_URL, whatever Host says."""
    public, as_asked = urlsplit(settings.public_base_url), app.create_url_adapter

    def as_public(request: Request | None) -> MapAdapter | None:
        adapter = as_asked(request)
        if adapter is not None:
            adapter.url_scheme, adapter.server_name = public.scheme, public.netloc
        return adapter

    app.create_url_adapter = as_public  # type: ignore[method-assign]


def _begin() -> None:
    g.started = time.perf_counter()
    g.request_id = f"{new_id():x}"
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


@cache
def _meters(endpoint: str, status: int) -> tuple[Counter, Histogram]:
    """Finding a meter by its labels costs more than reading it: once for each."""
    return REQUESTS.labels(endpoint, status), REQUEST_SECONDS.labels(endpoint)


def _end(response: Response) -> Response:
    answered, lasted = _meters(request.endpoint or "none", response.status_code)
    answered.inc()
    headers = response.headers
    if "started" in g:
        lasted.observe(time.perf_counter() - g.started)
        headers["X-Request-Id"] = g.request_id
    for name, value in current_app.config["HEADERS"]:
        headers.setdefault(name, value)
    if response.mimetype == "text/html":
        headers.setdefault("Cache-Control", "no-store")
    return response


def _headers(settings: Settings) -> tuple[tuple[str, str], ...]:
    """What every answer says to the browser."""
    always = (
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "same-origin"),
        ("Content-Security-Policy", _content_policy(settings)),
    )
    lasting = (("Strict-Transport-Security", "max-age=31536000"),) if settings.secure_cookies else ()
    return always + lasting


def _content_policy(settings: Settings) -> str:
    """Nothing foreign runs or loads; in development the sandbox's phone may frame our pages."""
    framing = "'none'"
    if settings.in_development:
        place = urlsplit(settings.wechat_mp_base)
        framing = f"'self' {place.scheme}://{place.netloc}"
    return (
        "default-src 'self'; img-src 'self' data: https:; style-src 'self' 'unsafe-inline'; script-src 'self'; "
        f"object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors {framing}"
    )


def wants_machine_answer() -> bool:
    """Whether the caller is a program: it gets problem+json (RFC 9457), a person gets a page."""
    return request.path.startswith(MACHINES) and not request.path.startswith(PEOPLE)


def explain(status: int, code: str, message: str) -> Response:
    """One refusal, as a page for people or as problem+json for programs."""
    if wants_machine_answer():
        body = {
            "type": "about:blank",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "code": code,
            "detail": message,
        }
        response = jsonify(body)
        response.mimetype = "application/problem+json"
    else:
        desk = request.path.startswith(DESK)
        page = render_template(
            "core/error.html", status=status, code=code, desk=desk, request_id=g.get("request_id", "")
        )
        response = Response(page, mimetype="text/html")
    response.status_code = status
    return response


def _refused(error: ProductError) -> ResponseReturnValue:
    log.info("refused", code=error.code, status=int(error.status), path=request.path)
    return explain(error.status, error.code, error.message)


def _form_too_old(error: CSRFError) -> ResponseReturnValue:
    log.info("refused", code="form_expired", path=request.path, why=error.description)
    return explain(400, "form_expired", "The form is too old. Please open the page again.")


def _http_error(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None or (error.code or 500) < HTTPStatus.BAD_REQUEST:
        return error
    code = error.name.lower().replace(" ", "_")
    return explain(error.code or 500, code, error.description or error.name)


def _store_away(error: Exception) -> ResponseReturnValue:
    db.session.rollback()
    log.error("store_away", error=type(error).__name__, path=request.path)
    answer = explain(Unavailable.status, "store_unavailable", Unavailable.message)
    answer.headers["Retry-After"] = "5"
    return answer


def _bug(error: Exception) -> ResponseReturnValue:
    if current_app.testing:
        raise error
    db.session.rollback()
    log.error("bug", path=request.path, exc_info=error)
    return explain(500, "internal_error", "Something went wrong on our side.")


@bp.get("/favicon.ico")
def favicon() -> ResponseReturnValue:
    """The little picture that every browser asks for at this very address."""
    picture = Response((ROOT / "static/core/favicon.ico").read_bytes(), mimetype="image/x-icon")
    picture.cache_control.max_age = 86_400  # its address has no fingerprint
    return picture


@bp.get("/healthz")
def healthz() -> ResponseReturnValue:
    """The process lives. Looks at nothing else, so that a broken store does not restart healthy processes."""
    return jsonify(status="ok")


@bp.get("/readyz")
def readyz() -> ResponseReturnValue:
    """Which dependency answers. The queue being away is reported but does not take the site down."""
    parts: dict[str, Any] = {
        "store": "ok" if store_is_reachable() else "unreachable",
        "queue": "ok" if doorbell.is_reachable() else "unreachable",
    }
    ready = parts["store"] == "ok" and parts["queue"] == "ok"
    return jsonify(status="ok" if ready else "degraded", **parts), 200 if ready else 503


@bp.get("/metrics")
def metrics() -> ResponseReturnValue:
    """Prometheus metrics of this process, and the state of the work table."""
    if store_is_reachable():
        counts = task_counts()
        TASKS_DUE.set(counts["ready"])
        TASKS_DEAD.set(counts["dead"])
    return Response(generate_latest(), mimetype=CONTENT_TYPE_LATEST)
