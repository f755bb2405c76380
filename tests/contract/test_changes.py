"""What a line of the feed may be: everything else is refused with a message that names what is wrong."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import contract
from contract.addresses import PREFIXES
from contract.canonical import canonical_json, sha256_of
from contract.models import InvalidChangeError, Snapshot, parse_change
from contract.release import Record, ReleaseVocabulary
from contract.schema import SCHEMAS, schema_text, write_schemas
from contract.vocabulary import Kind
from tests.contract.samples import ID, change, line, provision, sha256, snapshot

HERE = Path(contract.__file__).parent
CHECKER = jsonschema.Draft202012Validator.FORMAT_CHECKER

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abcÀđ\u00e9\u20ac", max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


def schema(name: str) -> Any:
    return jsonschema.Draft202012Validator(
        json.loads((HERE / name).read_text(encoding="utf-8")), format_checker=CHECKER
    )


# Canonical form -------------------------------------------------------------------------------------------------------


@given(json_values)
def test_the_hash_equals_one_computed_independently(value: Any) -> None:
    assert sha256_of(value) == sha256(value)
    assert json.loads(canonical_json(value)) == value


@given(st.dictionaries(st.text("abcĐđ", max_size=4), st.integers(), max_size=6), st.randoms())
def test_the_order_of_keys_does_not_change_the_hash(value: dict[str, int], random: Any) -> None:
    keys = list(value)
    random.shuffle(keys)
    assert canonical_json({key: value[key] for key in keys}) == canonical_json(value)


@pytest.mark.parametrize("value", [1.0, {"a": [1, {"b": 0.5}]}, float("nan"), (1, 2.5)])
def test_floats_have_no_canonical_form(value: Any) -> None:
    with pytest.raises(TypeError, match="floats"):
        canonical_json(value)


def test_vietnamese_stands_as_utf_8_without_escapes_and_lone_surrogates_are_refused() -> None:
    assert canonical_json({"b": "Đảng", "a": [True, None]}) == '{"a":[true,null],"b":"Đảng"}'.encode()
    with pytest.raises(ValueError, match="surrogates"):
        canonical_json("\ud800")


# Lines ----------------------------------------------------------------------------------------------------------------


def refused(data: Any) -> InvalidChangeError:
    with pytest.raises(InvalidChangeError) as caught:
        parse_change(data if isinstance(data, bytes | str) else line(data))
    return caught.value


def test_a_good_line_reads() -> None:
    read = parse_change(line(change()))
    assert (read.seq, str(read.id), read.op) == (17, ID, "publish")
    assert read.snapshot is not None
    assert [p.anchor for p in read.snapshot.provisions] == ["chuong-i", "dieu-1", "dieu-1-khoan-1"]


def test_a_withdrawal_reads_and_tells_where_the_item_was() -> None:
    read = parse_change(line(change(op="withdraw", sha256=None, snapshot=None, path="/van-ban/nghi-quyet-71-nq-tw/")))
    assert (read.op, read.snapshot, read.path) == ("withdraw", None, "/van-ban/nghi-quyet-71-nq-tw/")


@pytest.mark.parametrize(
    "text", ["", "{", "null", "[]", '"x"', "17", '{"seq": 1,}', "\ufeff{}", b"\xff\xfe", b"{\x00}"]
)
def test_what_is_not_a_json_object_is_refused(text: str | bytes) -> None:
    assert "not" in str(refused(text))


@given(st.binary(max_size=60))
def test_rubbish_is_refused_and_nothing_else_happens(data: bytes) -> None:
    refused(data)


@given(json_values)
def test_any_other_json_is_refused_and_nothing_else_happens(value: Any) -> None:
    refused(value)
    refused(change(value) if isinstance(value, dict) else {**change(), "snapshot": value})


@pytest.mark.parametrize("key", ["seq", "op", "id", "at", "sha256", "snapshot"])
def test_every_field_of_a_change_is_mandatory(key: str) -> None:
    data = change()
    del data[key]
    refused(data)


@pytest.mark.parametrize(
    "key", ["id", "kind", "path", "title", "unit", "published_at", "updated_at", "revision", "document"]
)
def test_every_mandatory_field_of_a_snapshot_is_missed(key: str) -> None:
    content = snapshot()
    del content[key]
    error = refused(change(content))
    assert key in str(error)
    assert (error.seq, error.item) == (17, ID), "the editor is told which item it was"


@pytest.mark.parametrize(
    ("where", "key"),
    [("unit", "id"), ("unit", "name"), ("unit", "level"), ("document", "type")],
)
def test_the_parts_of_a_snapshot_miss_their_fields_too(where: str, key: str) -> None:
    content = snapshot()
    del content[where][key]
    assert f"{where}.{key}" in str(refused(change(content)))


@pytest.mark.parametrize("other", [0, 2, "1", None])
def test_a_snapshot_of_another_schema_is_refused(other: Any) -> None:
    assert "schema" in str(refused(change(snapshot(schema=other))))


@pytest.mark.parametrize("where", [(), ("unit",), ("document",), ("provisions", 0), ("attachments", 0), ("image",)])
def test_an_unknown_key_anywhere_is_refused(where: tuple[str | int, ...]) -> None:
    content = snapshot()
    part: Any = content
    for step in where:
        part = part[step]
    part["secret_note"] = "x"
    assert "secret_note" in str(refused(change(content)))
    assert "secret_note" in str(refused(change(secret_note="x")))


@pytest.mark.parametrize(
    "tampered",
    [{"title": "Tiêu đề khác"}, {"body": "<p>khác</p>"}, {"revision": 43}, {"audience": "members"}],
)
def test_a_snapshot_changed_on_the_way_is_refused(tampered: dict[str, Any]) -> None:
    data = change()
    data["snapshot"] |= tampered
    assert "sha256" in str(refused(data))


@pytest.mark.parametrize("digest", ["", "0" * 64, "0" * 63, "G" * 64, None])
def test_a_wrong_hash_is_refused(digest: str | None) -> None:
    refused(change(sha256=digest))


def test_the_hash_is_taken_over_the_snapshot_as_it_came() -> None:
    content = snapshot(published_at="2026-11-22T15:00:00+07:00")
    assert parse_change(line(change(content))).snapshot is not None


def test_a_snapshot_of_another_item_is_refused() -> None:
    assert "another id" in str(refused(change(id="99999999-5b7d-4e8f-9a0b-1c2d3e4f5a6b")))
    refused(change(id="khong-phai-uuid"))


@pytest.mark.parametrize("seq", [0, -1, 1.5, None, "x"])
def test_a_seq_that_is_none_is_refused(seq: Any) -> None:
    refused(change(seq=seq))


@pytest.mark.parametrize(
    "data", [{"op": "delete"}, {"op": "withdraw"}, {"snapshot": None}, {"at": "2026-11-22T09:30:00"}]
)
def test_operation_and_content_have_to_fit(data: dict[str, Any]) -> None:
    refused(change(**data))


BAD_PATHS = [
    "", "/", "//", "/van-ban/", "/van-ban", "/van-ban/a", "van-ban/a/", "/van-ban/../", "/van-ban/../a/",
    "/van-ban/./a/", "/van-ban/..%2f..%2fetc/", "/van-ban/%2e%2e/", "/van-ban/a\\..\\b/", "/van-ban/a\x00/",
    "/van-ban//a/", "/etc/passwd/", "/van-ban/a/b/", "/van-ban/A/", "/van-ban/nghị-quyết/", "/van-ban/a b/",
    "/van-ban/a/\n", "/van-ban/-a/", "/van-ban/a-/", "/van-ban/trang/", "/van-ban/nam/", "/van-ban/2/",
    "/van-ban/index/", "/van-ban/feed/", "/tin-tuc/a/", "/tim-kiem/", "/tep/a/", "/van-ban/a.html/",
    "/van-ban/" + "a" * 300 + "/", "http://x.example/van-ban/a/", "/van-ban/a/?q=1", "/van-ban/a/#b",
]  # fmt: skip


@pytest.mark.parametrize("path", BAD_PATHS)
def test_a_path_that_could_leave_its_place_is_refused(path: str) -> None:
    message = str(refused(change(snapshot(path=path))))
    assert "path" in message or "is used by the site itself" in message


def test_two_provisions_of_one_anchor_are_refused() -> None:
    twice = [provision("dieu-1", "dieu", "Điều 1"), provision("dieu-1", "dieu", "Điều 1")]
    assert "dieu-1" in str(refused(change(snapshot(provisions=twice))))


@pytest.mark.parametrize("parent", ["dieu-2", "khong-co", "dieu-1"])
def test_a_parent_has_to_come_before_its_child(parent: str) -> None:
    provisions = [provision("dieu-1", "dieu", "Điều 1", parent=parent), provision("dieu-2", "dieu", "Điều 2")]
    assert "does not come before" in str(refused(change(snapshot(provisions=provisions))))


@pytest.mark.parametrize("anchor", ["", "Dieu-1", "điều-1", "a b", 'x" onclick="', "-a", "a-", "a/b", "a#b", "a\n"])
def test_an_anchor_is_an_ascii_name(anchor: str) -> None:
    refused(change(snapshot(provisions=[provision(anchor, "dieu", "Điều 1")])))


@pytest.mark.parametrize("name", ["../x.pdf", "a/b.pdf", "a\\b.pdf", "", "a\x00.pdf", "a\n.pdf", "x" * 256])
def test_the_name_of_an_attachment_is_no_path(name: str) -> None:
    attachment = snapshot()["attachments"][0] | {"name": name}
    refused(change(snapshot(attachments=[attachment])))


BAD_URLS = ["javascript:alert(1)", "JAVASCRIPT:x", "data:text/html,x", "file:///etc/passwd", "ftp://x/y", "a b", "x\n"]


@pytest.mark.parametrize("url", BAD_URLS)
def test_addresses_of_sources_files_and_pictures_have_no_other_scheme_than_http(url: str) -> None:
    refused(change(snapshot(source={"name": "Báo", "url": url})))
    refused(change(snapshot(attachments=[snapshot()["attachments"][0] | {"url": url}])))
    rendition = snapshot()["image"]["renditions"][0] | {"url": url}
    refused(change(snapshot(image={"alt": "", "renditions": [rendition]})))


@pytest.mark.parametrize("url", ["https://x.example/a:b?c", "/api/v1/files/0/", "tep/phu%20luc.pdf", "anh.webp"])
def test_files_lie_on_the_web_or_beside_the_feed(url: str) -> None:
    attachment = snapshot()["attachments"][0] | {"url": url}
    read = parse_change(line(change(snapshot(attachments=[attachment]))))
    assert read.snapshot is not None
    assert read.snapshot.attachments[0].url == url


def test_a_relation_has_to_point_somewhere_and_a_type_has_to_be_known() -> None:
    nowhere = {"verb": "cites", "number": None, "target": None, "anchor": None}
    assert "number or a target" in str(refused(change(snapshot(relations=[nowhere]))))
    content = snapshot()
    content["document"]["type"] = "to-roi"
    assert "to-roi" in str(refused(change(content)))


def page_with(*terms: dict[str, Any]) -> dict[str, Any]:
    return snapshot(kind="page", path="/trang/tu-ngu-tim-kiem/", terms=list(terms))


TERMS = [
    {"kind": "abbreviation", "words": "BCH TW", "means": "Ban Chấp hành Trung ương", "number": None, "issued_on": None},
    {"kind": "synonym", "words": "tinh giản", "means": "cắt giảm", "number": None, "issued_on": None},
    {"kind": "alias", "words": "19 điều", "means": None, "number": "37-QĐ/TW", "issued_on": "2021-10-25"},
    {"kind": "query", "words": "chuyển sinh hoạt đảng", "means": None, "number": None, "issued_on": None},
]


def test_a_page_may_teach_the_search_box() -> None:
    read = parse_change(line(change(Snapshot.model_validate(page_with(*TERMS)).to_json()))).snapshot
    assert read is not None
    assert [term.kind.value for term in read.terms] == ["abbreviation", "synonym", "alias", "query"]
    assert read.to_json()["terms"] == TERMS
    schema("snapshot.schema.json").validate(read.to_json())


@pytest.mark.parametrize("kind", ["news", "document", "guidance", "unit"])
def test_nothing_but_a_page_has_search_terms(kind: str) -> None:
    path = f"{PREFIXES[Kind(kind)]}mot-muc/"
    assert "search terms" in str(refused(change(snapshot(kind=kind, path=path, terms=TERMS))))


@pytest.mark.parametrize(
    "broken",
    [
        TERMS[0] | {"means": None},
        TERMS[0] | {"means": ""},
        TERMS[0] | {"number": "18-NQ/TW"},
        TERMS[1] | {"issued_on": "2021-10-25"},
        TERMS[2] | {"number": None},
        TERMS[2] | {"means": "Quy định về những điều đảng viên không được làm"},
        TERMS[3] | {"means": "x"},
        TERMS[3] | {"words": ""},
        TERMS[3] | {"words": "x" * 201},
        TERMS[3] | {"kind": "joke"},
    ],
)
def test_a_term_says_what_its_kind_says(broken: dict[str, Any]) -> None:
    assert "terms.0" in str(refused(change(page_with(broken))))


def test_the_vocabulary_of_a_release_does_not_hang_on_the_order_of_pages() -> None:
    terms = Snapshot.model_validate(page_with(*TERMS)).terms
    vocabulary = ReleaseVocabulary.of(terms)
    assert ReleaseVocabulary.of((*reversed(terms), *terms)) == vocabulary
    assert set(vocabulary.terms) == set(terms)
    assert ReleaseVocabulary.model_validate_json('{"schema": 1, "terms": []}') == ReleaseVocabulary()


# Round trip and the schema files --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [kind.value for kind in Kind])
def test_what_is_written_reads_again_and_fits_the_committed_schemas(kind: str) -> None:
    model = Snapshot.model_validate(snapshot(kind=kind, path=f"{PREFIXES[Kind(kind)]}mot-muc/"))
    written = model.to_json()
    again = Snapshot.model_validate(written)
    if kind in ("document", "guidance"):
        assert again == model
    else:
        assert not {"document", "provisions", "relations"} & written.keys()
    assert again.to_json() == written
    assert again.sha256 == model.sha256 == sha256(written)
    schema("snapshot.schema.json").validate(written)
    sent = change(written)
    assert parse_change(line(sent)).to_json() == sent
    schema("change.schema.json").validate(sent)


def test_keys_that_do_not_apply_are_left_out() -> None:
    model = Snapshot.model_validate(snapshot(image=None, source=None))
    assert not {"image", "source", "terms"} & model.to_json().keys()
    assert "sha256" not in Snapshot.model_validate(snapshot()).to_json()["image"]["renditions"][0]


def test_times_are_written_in_utc_and_whole_seconds() -> None:
    model = Snapshot.model_validate(snapshot(published_at="2026-11-22T15:00:00.987+07:00"))
    assert model.to_json()["published_at"] == "2026-11-22T08:00:00Z"


def test_a_record_fits_its_committed_schema() -> None:
    model = Snapshot.model_validate(snapshot())
    record = Record(id=model.id, seq=17, sha256=model.sha256, path=model.path, snapshot=model)
    schema("record.schema.json").validate(record.model_dump(mode="json", by_alias=True))


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_the_committed_schema_file_is_the_one_the_models_give(name: str, tmp_path: Path) -> None:
    committed = (HERE / name).read_text(encoding="utf-8")
    assert committed == schema_text(SCHEMAS[name]), "run `make schemas` and read the diff"
    jsonschema.Draft202012Validator.check_schema(json.loads(committed))
    write_schemas(tmp_path)
    assert (tmp_path / name).read_text(encoding="utf-8") == committed


@pytest.mark.parametrize("broken", [{"kind": "video"}, {"title": ""}, {"revision": -1}, {"extra": 1}, {"schema": 2}])
def test_the_schema_files_refuse_what_the_models_refuse(broken: dict[str, Any]) -> None:
    assert not schema("snapshot.schema.json").is_valid(snapshot(**broken))
    refused(change(snapshot(**broken)))
