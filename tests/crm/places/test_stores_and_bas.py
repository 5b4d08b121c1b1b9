"""Stores and beauty advisors are added by their own codes; adding again brings them up to date."""

import pytest
import sqlalchemy as sa

from core.db import db
from core.tables import Task
from core.work import transact
from crm.places import queries, rules, service
from crm.places.errors import BadName, BaHasLeft, UnknownBa, UnknownStore
from models.places import Ba, BaCode, Store

APPID = "wx00000000000test1"
pytestmark = pytest.mark.store


@pytest.fixture
def xiaomei(store):
    """A beauty advisor in Shanghai."""

    def add():
        service.add_store("SH001", "上海南京西路店", "上海")
        return service.add_ba("E1001", "王小美", "SH001")

    return transact(add)


def test_adding_a_store_again_changes_its_name(store):
    transact(lambda: service.add_store("SH001", "南京西路", "上海"))
    transact(lambda: service.add_store("SH001", "上海南京西路店", "上海"))

    assert db.session.scalars(sa.select(Store.name)).all() == ["上海南京西路店"]


def test_adding_a_ba_again_keeps_who_she_is(xiaomei):
    transact(lambda: service.add_store("SH002", "上海徐家汇店", "上海"))
    moved = transact(lambda: service.add_ba("E1001", "王晓美", "SH002"))

    assert (moved.id, moved.name, moved.store_code) == (xiaomei.id, "王晓美", "SH002")
    assert db.session.scalar(sa.select(sa.func.count(Ba.id))) == 1


@pytest.mark.parametrize("store_code", ["SH999", "", "店", "x" * 200])
def test_a_store_that_does_not_exist_is_refused(store, store_code):
    with pytest.raises(UnknownStore):
        transact(lambda: service.add_ba("E1001", "王小美", store_code))


@pytest.mark.parametrize("number", ["", "E 1", "工号1", "E" * 33, "E1\n", "-E1"])
def test_numbers_that_cannot_be_kept_are_refused(xiaomei, number):
    if number == "E1\n":
        number = "E1\nE2"
    with pytest.raises(BadName):
        transact(lambda: service.add_ba(number, "王小美", "SH001"))


@pytest.mark.parametrize("name", ["", "  ", "王" * 41, "王\u202e小美", "王\x00"])
def test_names_that_cannot_be_shown_are_refused(xiaomei, name):
    with pytest.raises(BadName):
        transact(lambda: service.add_ba("E1001", name, "SH001"))


def test_her_scene_fits_every_kind_of_code(xiaomei):
    scene = transact(lambda: service.scene_of(xiaomei.id, APPID))

    assert rules.is_scene(scene)
    assert len(scene) <= 24
    assert scene.startswith("ba_")


def test_asking_again_gives_the_same_scene_and_makes_one_code(xiaomei):
    scenes = {transact(lambda: service.scene_of(xiaomei.id, APPID)) for _ in range(3)}

    assert len(scenes) == 1
    assert db.session.scalar(sa.select(sa.func.count(BaCode.id))) == 1
    assert db.session.scalar(sa.select(sa.func.count(Task.id)).where(Task.name == "places.make_code")) == 1


def test_every_beauty_advisor_has_a_scene_of_her_own(xiaomei):
    def add_many():
        people = [service.add_ba(f"E{number}", f"导购{number}", "SH001") for number in range(2000, 2100)]
        return [service.scene_of(ba.id, APPID) for ba in people]

    scenes = transact(add_many)

    assert len(set(scenes)) == 100
    assert service.ba_by_scene(APPID, scenes[7]).number == "E2007"


@pytest.mark.parametrize("scene", ["", "ba_", "BA_1", "qr'; --", "x" * 65, "ba_一码", "item_123"])
def test_a_scene_that_is_not_ours_is_nobodys(xiaomei, scene):
    assert service.ba_by_scene(APPID, scene) is None


def test_a_scene_of_another_account_is_nobodys(xiaomei):
    scene = transact(lambda: service.scene_of(xiaomei.id, APPID))

    assert service.ba_by_scene("wx_another", scene) is None


def test_who_left_is_still_found_by_her_scene(xiaomei):
    scene = transact(lambda: service.scene_of(xiaomei.id, APPID))
    transact(lambda: service.leave(xiaomei.id))

    assert service.ba_by_scene(APPID, scene).has_left


def test_who_left_gets_no_new_scene(xiaomei):
    transact(lambda: service.leave(xiaomei.id))

    with pytest.raises(BaHasLeft):
        transact(lambda: service.scene_of(xiaomei.id, APPID))


def test_nobody_gets_no_scene(store):
    with pytest.raises(UnknownBa):
        transact(lambda: service.scene_of(12345, APPID))


def test_the_list_of_stores_counts_who_works_there(xiaomei):
    leaver = transact(lambda: service.add_ba("E1002", "李婷", "SH001"))
    transact(lambda: service.leave(leaver.id))

    assert [(one.code, one.ba_count) for one in queries.stores()] == [("SH001", 1)]
