"""Official codes against the sandbox, which refuses what WeChat refuses (contract section 11)."""

import gc
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.db import db
from core.work import transact
from tests.console.desk import commands
from wechat import account_rows, marketcode
from wechat.errors import Permanent, Transient, Unknown, WeChatError
from wechat.marketcode import Activity, NotFinished, Release, Segment
from wechat.marketcode_rules import BadValue
from wechat.marketpack import BadPack, OfficialCode

CALLS = "/intp/marketcode/"
PAGE = Activity(
    name="新品上市", brand="一码美妆", title="玫瑰面霜", product_code="6901234500011",
    wxa_appid="wx00000000000000aa", wxa_path="pages/item/index?from=code",
)  # fmt: skip
OTHER_SECRET = "fedcba9876543210"


@pytest.fixture
def market(live_app, store, wechat_sandbox):
    """The sandbox, which makes codes at once, 4,000 to a pack; inside the product's application context."""
    pace = {"ready_after_s": 0, "ready_after_queries": None, "segment": 4_000}
    wechat_sandbox.post("/sandbox/api/marketcode", **pace)
    with live_app.app_context():
        yield wechat_sandbox


@pytest.fixture
def secret(market):
    return market.get("/sandbox/api/marketcode")["secret"]


@pytest.fixture
def made(market, request):
    """An application whose 10,000 codes are made."""
    return marketcode.find_application(application_id=marketcode.apply_for_codes(10_000, request.node.name))


def scan(market, application, offset):
    """林小美 scans an official code: her openid and the ticket."""
    mei = market.new_person("林小美", "13800138001")
    seen = market.post(
        f"/sandbox/api/people/{mei['id']}/scan-official",
        application_id=application.application_id,
        code_index=offset,
    )
    return mei["openid"], seen["code_ticket"]


def test_asking_again_after_an_unknown_finds_the_same_application(market):
    market.fault(f"{CALLS}applycode", drop="after")
    with pytest.raises(Unknown):
        marketcode.apply_for_codes(10_000, "tests-again")

    first, again = (marketcode.apply_for_codes(10_000, "tests-again") for _ in range(2))

    assert first == again
    assert marketcode.find_application(request_id="tests-again").application_id == first


def test_the_same_id_for_another_quantity_is_refused(made):
    with pytest.raises(Permanent) as refused:
        marketcode.apply_for_codes(20_000, made.request_id)

    assert refused.value.errcode == 40097


def test_codes_are_made_by_and_by(market, secret):
    market.post("/sandbox/api/marketcode", ready_after_queries=2)
    number = marketcode.apply_for_codes(10_000, "tests-slow")

    seen = [marketcode.find_application(application_id=number) for _ in range(3)]

    assert [found.status for found in seen] == ["INIT", "GENERATING", "FINISH"]
    assert [found.finished for found in seen] == [False, False, True]
    assert [found.segments for found in seen[:2]] == [(), ()]
    assert seen[2].segments == (Segment(0, 3_999), Segment(4_000, 7_999), Segment(8_000, 9_999))
    assert abs(seen[0].created_at - datetime.now(UTC)) < timedelta(minutes=1)
    with pytest.raises(NotFinished):
        marketcode.download_all(seen[1], secret)


def codes_in_memory():
    return sum(isinstance(thing, OfficialCode) for thing in gc.get_objects())


def test_all_codes_come_segment_by_segment_with_one_in_memory(market, made, secret):
    since, offsets, numbers, held = market.last_entry(), [], set(), []

    for _, codes in marketcode.download_all(made, secret):
        held.append((len(codes), codes_in_memory(), len(market.calls("applycodedownload", since=since))))
        offsets += [code.offset for code in codes]
        numbers.update(code.code for code in codes)
        del codes

    assert held == [(4_000, 4_000, 1), (4_000, 4_000, 2), (2_000, 2_000, 3)]
    assert offsets == list(range(10_000))
    assert len(numbers) == 10_000
    assert any(number.startswith("00") for number in numbers)


def test_segments_that_are_done_are_not_fetched_again(made, secret):
    done = {made.segments[0], made.segments[2]}

    fetched = [segment for segment, _ in marketcode.download_all(made, secret, done=done)]

    assert fetched == [made.segments[1]]


def test_another_secret_opens_no_pack(made):
    with pytest.raises(BadPack):
        marketcode.download_segment(made.application_id, made.segments[0], OTHER_SECRET)


def test_a_slow_pack_is_waited_for_and_other_calls_are_not(market, made, secret, monkeypatch):
    monkeypatch.setattr("wechat.client.TIMEOUTS_S", (0.3, 0.3))
    market.fault(f"{CALLS}applycodedownload", hang_s=0.6)
    market.fault(f"{CALLS}applycodequery", hang_s=0.6)

    codes = marketcode.download_segment(made.application_id, made.segments[2], secret)

    assert len(codes) == 2_000
    with pytest.raises(Unknown):
        marketcode.find_application(application_id=made.application_id)


def test_an_active_range_is_closed_and_its_codes_are_found_in_three_ways(made, secret):
    code = marketcode.download_segment(made.application_id, made.segments[0], secret)[19]

    marketcode.activate(made.application_id, Segment(10, 19), PAGE)

    found = marketcode.active_code_at(made.application_id, 19)
    assert found == marketcode.active_code(code.code) == marketcode.active_code_of_url(code.url)
    assert (found.code, found.activity, found.segment) == (code.code, PAGE, Segment(10, 19))
    assert (found.application_id, found.request_id) == (made.application_id, made.request_id)
    for outside in (9, 20):
        with pytest.raises(Permanent):
            marketcode.active_code_at(made.application_id, outside)


def test_activating_a_range_again_is_harmless_and_may_lead_elsewhere(made):
    trial = replace(PAGE, wxa_type=Release.TRIAL, wxa_path="pages/trial")

    for page in (PAGE, PAGE, trial):
        marketcode.activate(made.application_id, Segment(0, 9), page)

    assert marketcode.active_code_at(made.application_id, 0).activity == trial


def test_a_scan_is_turned_into_its_code_for_the_person_who_scanned(market, made):
    marketcode.activate(made.application_id, Segment(0, 99), PAGE)
    openid, ticket = scan(market, made, 42)

    found, again = (marketcode.code_of_ticket(openid, ticket) for _ in range(2))

    assert found == again == marketcode.active_code_at(made.application_id, 42)
    assert found.code not in repr(found)
    with pytest.raises(Permanent) as refused:
        marketcode.code_of_ticket("oSOMEBODY", ticket)
    assert refused.value.errcode == 40003


def test_a_dead_token_is_renewed(market, made):
    market.post("/sandbox/api/tokens/expire", errcode=40001)

    assert marketcode.find_application(application_id=made.application_id) == made


def test_a_busy_wechat_may_be_asked_later(market, made):
    market.fault(f"{CALLS}codeactive", errcode=-1)

    with pytest.raises(Transient):
        marketcode.activate(made.application_id, Segment(0, 9), PAGE)


HUGE = 2**64
BAD = {
    "too few": lambda: marketcode.apply_for_codes(9_999, "a"),
    "too many": lambda: marketcode.apply_for_codes(20_010_000, "a"),
    "no multiple": lambda: marketcode.apply_for_codes(15_000, "a"),
    "no id": lambda: marketcode.apply_for_codes(10_000, ""),
    "blank id": lambda: marketcode.apply_for_codes(10_000, " "),
    "long id": lambda: marketcode.apply_for_codes(10_000, "a" * 129),
    "id of two lines": lambda: marketcode.apply_for_codes(10_000, "a\nb"),
    "neither id": marketcode.find_application,
    "application 0": lambda: marketcode.find_application(application_id=0),
    "application of 65 bits": lambda: marketcode.active_code_at(HUGE, 0),
    "range backwards": lambda: marketcode.download_segment(1, Segment(5, 4), OTHER_SECRET),
    "short secret": lambda: marketcode.download_segment(1, Segment(0, 9), "short"),
    "range below 0": lambda: marketcode.activate(1, Segment(-1, 4), PAGE),
    "range too far": lambda: marketcode.activate(1, Segment(0, 20_000_000), PAGE),
    "no brand": lambda: marketcode.activate(1, Segment(0, 9), replace(PAGE, brand="")),
    "long title": lambda: marketcode.activate(1, Segment(0, 9), replace(PAGE, title="码" * 129)),
    "no EAN": lambda: marketcode.activate(1, Segment(0, 9), replace(PAGE, product_code="69O1234500011")),
    "no appid": lambda: marketcode.activate(1, Segment(0, 9), replace(PAGE, wxa_appid="gh_0")),
    "no path": lambda: marketcode.activate(1, Segment(0, 9), replace(PAGE, wxa_path="a b")),
    "offset below 0": lambda: marketcode.active_code_at(1, -1),
    "short code": lambda: marketcode.active_code("12345678"),
    "short url": lambda: marketcode.active_code_of_url("x" * 27),
    "no openid": lambda: marketcode.code_of_ticket("", "t"),
    "no ticket": lambda: marketcode.code_of_ticket("oA", ""),
}  # fmt: skip


def refused(ask):
    try:
        ask()
    except BadValue:
        return True
    except WeChatError:
        return False
    return False


def test_a_bad_value_is_refused_before_any_call(calling_app, server):
    assert [name for name, ask in BAD.items() if not refused(ask)] == []
    assert server.calls == []


WHOLE = {"application_id": 7, "isv_application_id": "a", "status": "FINISH",
         "code_generate_list": {"code_start": 0, "code_end": 9_999}}  # fmt: skip


LACKING = [
    {"errcode": 0},
    WHOLE | {"application_id": None},
    WHOLE | {"code_generate_list": []},
    WHOLE | {"code_generate_list": [{"code_start": 0}]},
    WHOLE | {"code_generate_list": ["0-9999"]},
]


def test_an_answer_that_lacks_something_is_unknown(calling_app, server):
    server.answers[f"{CALLS}applycodequery"] = [*LACKING, WHOLE]

    for _ in LACKING:
        with pytest.raises(Unknown) as refused:
            marketcode.find_application(application_id=7)
        assert refused.value.__context__ is None


def test_a_list_of_one_may_be_the_object_itself(calling_app, server):
    server.answers[f"{CALLS}applycodequery"] = [WHOLE]

    assert marketcode.find_application(application_id=7).segments == (Segment(0, 9_999),)


@pytest.fixture
def run(live_app, market):
    """An operator's command; its result."""

    def command(*arguments, **more):
        return live_app.test_cli_runner().invoke(args=["wechat", "codes", *map(str, arguments)], **more)

    return command


@pytest.fixture
def fetch(run, made, secret, tmp_path):
    """The download command; its result."""

    def command(out, *more, given=secret):
        (tmp_path / "secret").write_text(f"{given}\n")
        return run(
            "download", "--application", made.application_id, "--out", out,
            "--secret-file", tmp_path / "secret", *more,
        )  # fmt: skip

    return command


def test_an_operator_applies_looks_and_activates(run):
    wish = ("apply", "--quantity", 10_000, "--request", "tests-cli", "--json")
    number = json.loads(run(*wish).output)["application_id"]
    status = json.loads(run("status", "--request", "tests-cli", "--json").output)
    active = run(
        "activate", "--application", number, "--start", 0, "--end", 9, "--activity", PAGE.name, "--brand", PAGE.brand,
        "--title", PAGE.title, "--product-code", PAGE.product_code, "--wxa-appid", PAGE.wxa_appid,
        "--wxa-path", PAGE.wxa_path, "--wxa-type", "trial", "--json",
    )  # fmt: skip

    assert json.loads(run(*wish).output)["application_id"] == number
    assert (status["application_id"], status["finished"], status["quantity"]) == (number, True, 10_000)
    assert json.loads(active.output) == {"application_id": number, "start": 0, "end": 9, "activated": 10}
    found = marketcode.active_code_at(int(number), 9)
    assert found.activity == replace(PAGE, wxa_type=Release.TRIAL)
    assert [(act, subject) for act, subject, _ in commands()] == [
        (f"wechat.codes_{act}", f"official_codes:{number}") for act in ("applied", "activated", "applied")
    ]


def test_a_download_is_a_file_of_all_codes_that_only_its_owner_reads(fetch, made, secret, tmp_path):
    out = tmp_path / "codes.csv"

    done = fetch(out, "--json")

    assert done.exit_code == 0
    rows = [line.split(",") for line in out.read_text().splitlines()]
    codes = [code for segment in made.segments
             for code in marketcode.download_segment(made.application_id, segment, secret)]  # fmt: skip
    assert rows == [[str(code.offset), code.code, code.url] for code in codes]
    assert out.stat().st_mode & 0o777 == 0o600
    assert json.loads(done.stdout) | {"file": ""} == {
        "application_id": str(made.application_id), "quantity": 10_000, "segments": 3, "resumed_after": 0,
        "file": "", "bytes": out.stat().st_size,
    }  # fmt: skip
    assert sorted(path.name for path in tmp_path.iterdir()) == ["codes.csv", "secret"]


@pytest.fixture
def kept(market, settings, secret):
    """The product with the account as a row, the secret of the codes kept in it."""
    from app import create_app

    values = {
        name: getattr(settings, f"wechat_oa_{name}")
        for name in ("appid", "secret", "token", "aes_key", "original_id")
    }
    nothing = {f"wechat_oa_{name}": "" for name in values}
    app = create_app(market.app_settings(settings).model_copy(update=nothing))
    with app.app_context():
        transact(lambda: account_rows.add({**values, "kind": "service", "mode": "safe", "name": ""}))
        transact(lambda: account_rows.change(values["appid"], {"marketcode_secret": secret}))
        yield app
        db.session.remove()
        db.engine.dispose()


def test_a_secret_kept_with_the_account_opens_the_packs(made, kept, tmp_path):
    out = tmp_path / "codes.csv"
    arguments = ["wechat", "codes", "download", "--application", str(made.application_id), "--out", str(out)]

    done = kept.test_cli_runner().invoke(args=arguments)

    assert done.exit_code == 0
    assert len(out.read_text().splitlines()) == 10_000


def test_a_download_keeps_a_file_that_is_there_and_is_recorded(fetch, made, tmp_path):
    out = tmp_path / "codes.csv"
    out.write_text("codes that are printed already")

    assert fetch(out).exit_code == 2
    assert (out.read_text(), commands()) == ("codes that are printed already", [])

    assert fetch(out, "--force").exit_code == 0
    assert [act for act, _, _ in commands()] == ["wechat.codes_downloaded"]


def test_a_download_without_any_secret_ends_with_2_and_says_how(run, made, tmp_path):
    refused = run("download", "--application", made.application_id, "--out", tmp_path / "codes.csv")

    assert refused.exit_code == 2
    assert "marketcode_secret" in refused.stderr


def test_a_broken_download_leaves_no_file_and_goes_on_by_segment(fetch, market, made, tmp_path):
    out, whole = tmp_path / "codes.csv", tmp_path / "whole.csv"
    fetch(whole)
    market.fault(f"{CALLS}applycodedownload", hang_s=0.01)  # the first passes
    market.fault(f"{CALLS}applycodedownload", errcode=-1)
    broken = fetch(out)
    part = tmp_path / f".codes.csv.{made.application_id}.part"
    with part.open("ab") as torn:
        torn.write(b"4000,half a li" * 30_000)  # longer than what is still to come
    existed, since = out.exists(), market.last_entry()

    resumed = fetch(out, "--json")

    assert (broken.exit_code, existed) == (1, False)
    assert json.loads(resumed.stdout)["resumed_after"] == 1
    asked = [call["request"]["code_start"] for call in market.calls("applycodedownload", since=since)]
    assert asked == [4_000, 8_000]
    assert out.read_bytes() == whole.read_bytes()
    assert not part.exists()


def test_two_downloads_to_one_file_do_not_mix(fetch, made, tmp_path):
    from wechat.marketcode_file import gathering

    out = tmp_path / "codes.csv"
    with gathering(out, made.application_id, made.segments):
        second = fetch(out)

    assert second.exit_code == 1
    assert "Another download" in second.stderr
    assert fetch(out).exit_code == 0


def test_who_waited_for_the_lock_does_not_write_into_the_finished_file(tmp_path):
    from wechat.marketcode_file import DownloadRunning, _lock

    part = tmp_path / "part"
    with part.open("w+b") as late:
        part.rename(tmp_path / "codes.csv")
        with pytest.raises(DownloadRunning):
            _lock(late, part)


def test_a_wrong_secret_ends_with_1_and_leaves_nothing_to_read(fetch, secret, tmp_path):
    refused = fetch(tmp_path / "codes.csv", given=OTHER_SECRET)

    assert refused.exit_code == 1
    assert "the secret is wrong" in refused.stderr
    assert OTHER_SECRET not in refused.output
    assert not (tmp_path / "codes.csv").exists()


def test_a_download_before_its_time_ends_with_1(run, market, secret, tmp_path):
    market.post("/sandbox/api/marketcode", ready_after_s=3_600)
    number = marketcode.apply_for_codes(10_000, "tests-early")

    early = run(
        "download",
        "--application",
        number,
        "--out",
        tmp_path / "codes.csv",
        "--secret-file",
        "-",
        input=secret,
    )

    assert early.exit_code == 1
    assert "still making" in early.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["apply", "--quantity", 9_999, "--request", "a"],
        ["apply", "--quantity", 10_000],
        ["status"],
        ["download", "--application", 1, "--out", "/nowhere/codes.csv", "--secret-file", "-"],
    ],
)
def test_a_wrong_option_ends_with_2(run, arguments):
    assert run(*arguments, input=OTHER_SECRET).exit_code == 2


def test_a_refusal_of_wechat_ends_with_1(run):
    unknown = run("status", "--application", 1)

    assert unknown.exit_code == 1
    assert "40097" in unknown.stderr
