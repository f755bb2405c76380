"""What the CMS hands out: feed, content API, files. No word of a hidden item is in it (see test_canaries.py)."""

from urllib.parse import quote

import pytest
from django.test import Client

from cms.content.files import FileAsset
from cms.content.published_form import published_form
from contract.numbers import number_key
from tests.leaks.world import World

pytestmark = pytest.mark.django_db


def test_the_changes_feed_carries_public_words_only(world: World, service: Client) -> None:
    body = service.get("/api/v1/changes/", {"after": 0}).content
    assert world.words_in(body, world.public_words) == set(world.public_words)
    for after in range(len(body.splitlines()) * 3):
        assert world.words_in(service.get("/api/v1/changes/", {"after": after}).content) == set()


KINDS = ("documents", "news", "guidance", "units")
ODD_PARAMETERS: tuple[dict[str, str], ...] = (
    {},
    {"page_size": "1000"},
    {"status": "draft"},
    {"live": "false", "snapshot": ""},
    {"fields": "*", "expand": "~all"},
    {"audience": "members"},
    {"snapshot__data__contains": "chimyen"},
    {"title__startswith": "Tiêu"},
    {"format": "api"},
    {"ordering": "snapshot__data"},
    {"ordering": "-page_id"},
    {"ordering": "title"},
    {"ordering": "-number"},
    {"type": "nghi-quyet", "page_size": "100"},
    {"issued_after": "1900-01-01", "page_size": "100"},
    {"cursor": "cD0yMDAwLTAxLTAx"},
    {"unit": "khong-phai-uuid"},
    {"after": "0", "offset": "0", "limit": "1000"},
)


@pytest.mark.parametrize("kind", KINDS)
def test_the_content_api_lists_public_words_only_whatever_is_asked(world: World, kind: str) -> None:
    client = Client()
    for parameters in ODD_PARAMETERS:
        response = client.get(f"/api/v1/{kind}/", parameters)
        assert response.status_code in (200, 400, 404), parameters
        assert world.words_in(response.content) == set(), parameters
    for method in ("options", "head", "post", "put", "delete", "patch"):
        assert world.words_in(getattr(client, method)(f"/api/v1/{kind}/").content) == set()


def test_the_content_api_finds_no_hidden_word_number_or_issuer(world: World) -> None:
    client = Client()
    for word in world.words:
        for parameters in ({"q": word}, {"q": word[:9]}, {"issuer": f"Ban {word}"}):
            for kind in KINDS:
                answer = client.get(f"/api/v1/{kind}/", {**parameters, "page_size": "100"}).json()
                titles = " ".join(item["title"] for item in answer.get("results", []))
                assert word not in titles, (kind, parameters)
    numbers = [page.number for name, page in world.pages.items() if "document" in name and "public" not in name]
    public = world.pages["public, document"].number
    for number in numbers:
        results = client.get("/api/v1/documents/", {"number": number}).json()["results"]
        assert bool(results) == (number_key(number) == number_key(public)), number
    assert client.get("/api/v1/documents/", {"q": public}).json()["results"]


def test_the_details_of_hidden_items_are_a_404_like_that_of_an_item_that_never_was(world: World) -> None:
    client = Client()
    unknown = client.get(f"/api/v1/news/{'0' * 8}-0000-4000-8000-{'0' * 12}/")
    assert unknown.status_code == 404
    for name, page in world.pages.items():
        if name.startswith(("public", "newer draft")):
            continue
        for kind in KINDS:
            response = client.get(f"/api/v1/{kind}/{page.uuid}/")
            assert (response.status_code, response.content) == (404, unknown.content), name
    for form, kind in (("news", "news"), ("document", "documents")):
        detail = client.get(f"/api/v1/{kind}/{world.pages[f'public, {form}'].uuid}/")
        assert world.words_in(detail.content) == set()
        assert world.words_in(detail.content, world.public_words)


def test_files_of_hidden_items_are_a_404_even_with_the_service_token(world: World, service: Client) -> None:
    assert len(world.hidden_files) > 20
    for sha256 in world.hidden_files:
        address = f"/api/v1/files/{sha256}/"
        assert Client().get(address).status_code == 403
        assert service.get(address).status_code == 404
    shown = published_form(world.page("public", "news")).files
    assert [service.get(f"/api/v1/files/{stored.sha256}/").status_code for stored in shown] == [200] * len(shown)


def test_stored_files_are_the_same_404_for_strangers_and_for_other_units(world: World) -> None:
    stranger, neighbour = Client(), Client()
    neighbour.force_login(world.secret_board.editor)
    for client in (stranger, neighbour):
        missing = client.get("/media/files/khong-co.txt")
        assert missing.status_code == 404
        for name in world.hidden_stored:
            response = client.get(f"/media/{quote(name)}")
            assert (response.status_code, response.content) == (404, missing.content)
        for asset in FileAsset.objects.all():
            response = client.get(asset.url)
            assert response.status_code == 404
            assert world.words_in(response.content) == set()
