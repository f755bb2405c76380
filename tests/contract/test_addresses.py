"""Nothing that passed `check_item_path` leaves the directory it is joined to or takes an address of the site."""

import posixpath
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.addresses import MAX_PATH_BYTES, PREFIXES, RESERVED_SLUGS, UnsafePathError, check_item_path, item_path
from contract.slugs import slugify
from contract.vocabulary import Kind
from tests.contract.vietnamese import any_text

kinds = st.sampled_from(list(Kind))
# Mostly the letters trouble is made of, so that many examples come close to passing.
nasty = st.text(st.sampled_from("a1-./\\%2eEfF \n\x00:?#~đ\u2024\uff0e\uff0f"), max_size=24)


@given(nasty | st.text(max_size=40), kinds)
def test_a_path_that_passes_stays_below_the_prefix_of_its_kind(text: str, kind: Kind) -> None:
    for path in (text, f"/{text}", f"{PREFIXES[kind]}{text}", f"{PREFIXES[kind]}{text}/"):
        try:
            passed = check_item_path(path, kind)
        except UnsafePathError:
            continue
        assert passed == path
        assert posixpath.normpath(path) + "/" == path
        joined = Path("/srv/site/pages") / (path.lstrip("/") + "index.html")
        assert joined.resolve().parent.parent == Path("/srv/site/pages") / PREFIXES[kind].strip("/")
        assert path.isascii()
        assert path == path.lower()
        assert len(path) <= MAX_PATH_BYTES


@given(any_text, kinds)
def test_every_slug_makes_an_address_unless_the_site_has_that_name(text: str, kind: Kind) -> None:
    slug = slugify(text)
    if not slug or slug in RESERVED_SLUGS or slug.isdigit():
        with pytest.raises(UnsafePathError):
            item_path(kind, slug)
    else:
        assert item_path(kind, slug) == f"{PREFIXES[kind]}{slug}/"


@pytest.mark.parametrize("kind", list(Kind))
def test_names_of_the_site_itself_are_not_given_away(kind: Kind) -> None:
    for slug in [*RESERVED_SLUGS, "1", "2026"]:
        with pytest.raises(UnsafePathError, match="used by the site"):
            item_path(kind, slug)


def test_an_item_of_one_kind_does_not_stand_below_the_prefix_of_another() -> None:
    for kind in Kind:
        for other in Kind:
            if kind is not other:
                with pytest.raises(UnsafePathError, match="must be one name below"):
                    check_item_path(f"{PREFIXES[other]}mot-muc/", kind)
