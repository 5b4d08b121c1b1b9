"""Who somebody is by openid and unionid, also when many ask at once."""

import threading

import pytest
import sqlalchemy as sa

from core.db import db
from core.work import transact, unit_of_work
from crm.members import service
from crm.members.errors import UnknownIdentity
from models.members import Identity, Person

pytestmark = pytest.mark.store
OURS, OTHER = "wx00000000000test1", "wx00000000000test2"


def persons():
    return db.session.scalar(sa.select(sa.func.count(Person.id)))


def test_seeing_an_openid_again_finds_the_same_person():
    with unit_of_work():
        first = service.ensure_openid(OURS, "oMei")
        again = service.ensure_openid(OURS, "oMei")

    assert first.id == again.id
    assert persons() == 1


def test_openids_differ_by_letter_case():
    with unit_of_work():
        assert service.ensure_openid(OURS, "oMEI").id != service.ensure_openid(OURS, "omei").id


def test_an_openid_of_another_account_with_her_unionid_is_the_same_person():
    with unit_of_work():
        first = service.ensure_openid(OURS, "oMei", unionid="uMei")
        second = service.ensure_openid(OTHER, "oMeiThere", unionid="uMei")

    assert first.person_id == second.person_id
    assert persons() == 1


def test_two_persons_who_existed_before_their_unionid_was_known_stay_two():
    with unit_of_work():
        first = service.ensure_openid(OURS, "oMei")
        second = service.ensure_openid(OTHER, "oMeiThere")
        service.ensure_openid(OURS, "oMei", unionid="uMei")
        service.ensure_openid(OTHER, "oMeiThere", unionid="uMei")
        persons_now = {service.person_id_of(first.id), service.person_id_of(second.id)}

    assert len(persons_now) == 2


def test_an_unknown_identity_is_refused_by_name():
    with unit_of_work(), pytest.raises(UnknownIdentity):
        service.person_id_of(7)


def at_once(app, jobs):
    """Run every job in a thread of its own, all starting together; what they returned."""
    start, found, failures = threading.Barrier(len(jobs)), [], []

    def run(job):
        with app.app_context():
            start.wait()
            try:
                found.append(transact(job))
            except BaseException as error:  # noqa: BLE001 - shown by the test
                failures.append(error)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    return found


@pytest.mark.parametrize("round_", range(5))
def test_many_requests_that_meet_a_newcomer_at_once_make_one_person(app, store, round_):
    found = at_once(app, [lambda: service.ensure_openid(OURS, f"oRace{round_}").id] * 8)

    assert len(set(found)) == 1
    assert persons() == 1


@pytest.mark.parametrize("round_", range(5))
def test_two_accounts_that_meet_one_unionid_at_once_make_one_person(app, store, round_):
    def meet(account):
        return lambda: service.ensure_openid(account, f"o{account}", unionid="uRace").id

    at_once(app, [meet(account) for account in (OURS, OTHER, OURS, OTHER, "wx3", "wx4")])

    assert persons() == 1
    assert db.session.scalar(sa.select(sa.func.count(Identity.id))) == 5
