"""The lexicon holds the words of what is live, and of nothing else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.models import Audience
from contract.vocabulary import ProvisionKind
from search.lexicon import MOST_SYLLABLES, Lexicon
from tests.search.conftest import live_release
from tests.search.factories import document, item, provision, write_release

TABLES = ("syllable", "pair", "total", "name", "item")


@pytest.fixture
def lexicon() -> Iterator[Lexicon]:
    made = Lexicon()
    yield made
    made.close()


def filled(site: Path) -> Lexicon:
    made = Lexicon()
    made.bring_to(live_release(site))
    return made


def contents(lexicon: Lexicon) -> dict[str, list[tuple[object, ...]]]:
    """Everything in the file but the places of items, in an order of its own."""
    connection = lexicon.connection()
    columns = {"item": "id, record, title, number, number_key, counted", "name": "number, title"}
    return {
        table: sorted(connection.execute(f"SELECT {columns.get(table, '*')} FROM {table}").fetchall())  # noqa: S608
        for table in TABLES
    }


def test_syllables_are_counted_with_their_diacritics_and_found_without(site: Path, lexicon: Lexicon) -> None:
    write_release(site, [item("mot", "Nghị quyết về đất", body="Nghỉ việc. Nghị quyết.")])
    lexicon.bring_to(live_release(site))
    assert lexicon.spellings(["nghi"], 5) == {"nghị": 2, "nghỉ": 1}
    assert lexicon.pairs(["nghị", "việc"], ["quyết", "nghị"]) == {("nghị", "quyết"): 2}


def test_a_number_is_a_neighbour_whatever_it_is_and_its_letters_are_known(site: Path, lexicon: Lexicon) -> None:
    write_release(site, [item("mot", "Nghị quyết số 18-NQ/TW năm 2017")])
    lexicon.bring_to(live_release(site))
    assert lexicon.pairs(["số", "0"], ["0", "năm"]) == {("số", "0"): 1, ("0", "năm"): 1}
    assert lexicon.spellings(["nq"], 5) == {"nq": 1}
    assert lexicon.pairs(["số", "nq"], ["nq", "tw"]) == {}


def test_however_the_releases_came_the_file_holds_what_the_last_one_says(site: Path, lexicon: Lexicon) -> None:
    first = [item("mot", "Tin về lúa nếp"), item("hai", "Tin về khoai lang"), item("ba", "Tin về ngô non", seq=1)]
    write_release(site, first)
    lexicon.bring_to(live_release(site))
    write_release(site, [item("mot", "Tin về lúa tẻ", seq=2), item("bon", "Tin về sắn dây", seq=3)])
    lexicon.bring_to(live_release(site))
    at_once = filled(site)
    assert contents(lexicon) == contents(at_once)
    assert lexicon.spellings(["khoai", "nep"], 5) == {}
    at_once.close()


def test_when_everything_is_withdrawn_nothing_is_left(site: Path, lexicon: Lexicon) -> None:
    write_release(site, [item("mot", "Tin về lúa nếp", body="Lúa nếp. " * 200)])
    lexicon.bring_to(live_release(site))
    assert lexicon.size > 0
    write_release(site, [], seq=2)
    lexicon.bring_to(live_release(site))
    assert contents(lexicon) == {"syllable": [], "pair": [], "total": [("syllables", 0)], "name": [], "item": []}


def test_what_is_for_members_only_adds_nothing(site: Path, lexicon: Lexicon) -> None:
    write_release(site, [item("kin", "Chuyện nội bộ", audience=Audience.MEMBERS)])
    lexicon.bring_to(live_release(site))
    assert lexicon.size == 0
    assert lexicon.is_in_step_with(live_release(site))


def test_a_kept_file_is_brought_in_step_after_a_restart_and_a_ruined_one_is_filled_anew(
    site: Path, tmp_path: Path
) -> None:
    write_release(site, [item("mot", "Tin về lúa"), item("hai", "Tin về ngô")])
    directory = tmp_path / "cache"
    before = Lexicon(directory)
    before.bring_to(live_release(site))
    before.close()
    write_release(site, [item("hai", "Tin về ngô")], seq=2)
    after = Lexicon(directory)
    assert not after.is_in_step_with(live_release(site))
    after.bring_to(live_release(site))
    assert after.spellings(["lua", "ngo"], 5) == {"ngô": 1}
    after.close()
    for file in directory.iterdir():
        file.write_bytes(b"not a database" * 1000)
    ruined = Lexicon(directory)
    ruined.bring_to(live_release(site))
    assert ruined.spellings(["lua", "ngo"], 5) == {"ngô": 1}
    ruined.close()


def test_an_error_of_the_file_costs_words_and_not_the_search(site: Path, lexicon: Lexicon) -> None:
    write_release(site, [item("mot", "Tin về lúa")])
    lexicon.bring_to(live_release(site))
    lexicon.connection().executescript("DROP TABLE syllable; DROP TABLE name; DROP TABLE total")
    assert (lexicon.size, lexicon.spellings(["lua"], 1), lexicon.named("title : lua", 1)) == (0, {}, [])


def test_of_a_long_text_the_names_the_headings_and_the_beginning_count(site: Path, lexicon: Lexicon) -> None:
    clauses = [
        provision(ProvisionKind.ARTICLE, f"Điều {n}", "đất đai " * MOST_SYLLABLES, heading="Phạm vi") for n in (1, 2)
    ]
    write_release(site, [document("dai", "Về đất", "1-NQ/TU", provisions=clauses)])
    lexicon.bring_to(live_release(site))
    assert lexicon.spellings(["pham"], 1) == {"phạm": 2}
    assert lexicon.size < MOST_SYLLABLES + 10


def test_items_are_found_by_name_the_newest_first(site: Path, lexicon: Lexicon) -> None:
    write_release(
        site, [document(f"so-{n}", f"Về đất {n}", f"{n}-NQ/TU", issued_on=f"20{n}-01-01") for n in (11, 22, 15)]
    )
    lexicon.bring_to(live_release(site))
    assert [named.number for named in lexicon.named("title : dat", 2)] == ["22-NQ/TU", "15-NQ/TU"]
    assert [named.number for named in lexicon.numbered("1", 9)] == ["11-NQ/TU", "15-NQ/TU"]
