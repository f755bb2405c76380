"""The list of what waits for somebody says the same as the rules, at a price that does not grow with its length."""

import pytest
from django.test import Client

from cms.editorial.rules import REJECT, verdict
from cms.editorial.waiting import waiting_for
from cms.units.boards import seat
from cms.units.models import Membership, Role
from tests.cms.factories import Board, news, person

pytestmark = pytest.mark.django_db


def test_the_list_says_the_same_as_the_rules_for_everybody() -> None:
    province = Board()
    commune = Board("Đảng ủy xã Suối Trong", parent=province.unit)
    branch = Board("Chi bộ thôn Một", parent=commune.unit)
    other = Board("Đảng ủy phường Bình Minh", parent=province.unit)
    Membership.objects.filter(unit=branch.unit, role=Role.APPROVER).delete()
    seat(commune.editor, commune.unit, Role.APPROVER)
    pages = [board.write(news(), submitted=True) for board in (province, commune, branch, other)]
    again = province.write(news(), approved=True)
    pages.append(province.submit(province.edit(again, title="Bản hai")))
    people = [
        user for board in (province, commune, branch, other) for user in (board.editor, board.reviewer, board.approver)
    ]
    people.append(person("quantri", is_superuser=True))
    for user in people:
        told = {int(state.workflow_state.object_id) for state in waiting_for(user)}
        assert told == {page.pk for page in pages if verdict(user, page, REJECT).allowed}, user
    assert any(waiting_for(user) for user in people)


def test_the_dashboard_costs_as_many_queries_for_twelve_texts_as_for_two(django_assert_max_num_queries) -> None:
    board = Board()
    client = Client()
    client.force_login(board.approver)
    for _ in range(2):
        board.write(news(), submitted=True)
    client.get("/admin/")
    with django_assert_max_num_queries(200) as few:
        client.get("/admin/")
    for _ in range(10):
        board.write(news(), submitted=True)
    with django_assert_max_num_queries(len(few) + 2):
        assert "12" in client.get("/admin/").content.decode()
