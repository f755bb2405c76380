"""What may stand in a snapshot's HTML (T30): structure stays, everything a browser could run goes."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.html import plain_text, sanitise
from tests.contract.vietnamese import any_text

ATTACKS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//x.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    '<p onclick="alert(1)" style="background:url(javascript:alert(1))" class="x" id="y">chữ</p>',
    '<a href="javascript:alert(1)">chữ</a>',
    '<a href="JaVaScRiPt:alert(1)">chữ</a>',
    '<a href="java\tscript:alert(1)">chữ</a>',
    '<a href="java&#10;script:alert(1)">chữ</a>',
    '<a href=" &#14; javascript:alert(1)">chữ</a>',
    '<a href="&#106;avascript:alert(1)">chữ</a>',
    '<a href="data:text/html,<script>alert(1)</script>">chữ</a>',
    '<a href="vbscript:msgbox(1)">chữ</a>',
    '<a href="//x.example" target="_blank" onmouseover="alert(1)">chữ</a>',
    "<svg><script>alert(1)</script></svg>",
    "<svg onload=alert(1)>",
    '<svg><a xlink:href="javascript:alert(1)"><text>x</text></a></svg>',
    '<math><maction actiontype="statusline" xlink:href="javascript:alert(1)">x</maction></math>',
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    "<object data=javascript:alert(1)></object>",
    "<embed src=x.swf>",
    "<form action=javascript:alert(1)><input type=submit><button formaction=javascript:alert(1)>x</button></form>",
    "<style>*{background:url(javascript:alert(1))}</style>",
    '<link rel=stylesheet href="javascript:alert(1)">',
    '<meta http-equiv="refresh" content="0;url=javascript:alert(1)">',
    '<base href="javascript:alert(1)//">',
    "<body onload=alert(1)>",
    "<details open ontoggle=alert(1)><summary>x</summary></details>",
    "<video><source onerror=alert(1)></video>",
    "<template><script>alert(1)</script></template>",
    "<xmp><p title='</xmp><script>alert(1)</script>'></xmp>",
    '<table background="javascript:alert(1)"><td background="javascript:alert(1)" class="x onload=">ô</td></table>',
    '<abbr title="&quot;><script>alert(1)</script>">NQ</abbr>',
    '"><script>alert(1)</script>',
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<p\x00 onclick=alert(1)>chữ</p>",
    "<\u0455cript>alert(1)</\u0455cript>",  # Cyrillic ѕ, which normalising makes an s
    "<\uff53cript>alert(1)</script>",
]
TAGS = {
    "p", "br", "hr", "h2", "h3", "h4", "ul", "ol", "li", "strong", "b", "em", "i", "u", "sub", "sup", "a", "abbr",
    "blockquote", "table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "figure", "figcaption",
}  # fmt: skip
ATTRIBUTES = {"href", "title", "rel", "start", "type", "colspan", "rowspan", "scope"}

_fragment = st.one_of(
    st.sampled_from(ATTACKS),
    any_text,
    st.sampled_from(
        ["<", ">", '"', "'", "/", "&", "&lt;", "<!--", "-->", "<p>", "</p>", "<table><tr><td>", "<a href=", "=", "\n"]
    ),
)
html_soup = st.lists(_fragment, max_size=6).map("".join)


class Reader(HTMLParser):
    """Collects the elements a lenient parser finds, to look at them apart from the sanitiser's own parser."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))


def assert_harmless(html: str) -> None:
    for tag, attributes in Reader(html).elements:
        assert tag in TAGS, html
        assert attributes.keys() <= ATTRIBUTES, html
        href = attributes.get("href")
        if href is not None:
            scheme = href.partition(":")[0].lower() if ":" in href.split("/")[0] else ""
            assert scheme in ("", "http", "https", "mailto", "tel"), html
            assert attributes.get("rel") == "noopener noreferrer"


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_that_runs_is_left_of_an_attack(attack: str) -> None:
    for html in (attack, f"<p>trước</p>{attack}<p>sau</p>", f"<table><tr><td>{attack}</td></tr></table>"):
        clean = sanitise(html)
        assert_harmless(clean)
        assert sanitise(clean) == clean


@given(html_soup)
def test_whatever_is_put_together_comes_out_harmless_and_the_same_the_second_time(html: str) -> None:
    clean = sanitise(html)
    assert_harmless(clean)
    assert sanitise(clean) == clean


@pytest.mark.parametrize(
    "html",
    [
        '<table><caption>Bảng 1</caption><thead><tr><th scope="col" colspan="2">Cột</th></tr></thead>'
        '<tbody><tr><td rowspan="2">1</td><td>2</td></tr></tbody></table>',
        '<ol start="3" type="a"><li>một</li><li>hai<ul><li>ba</li></ul></li></ol>',
        "<h2>Mục</h2><p>H<sub>2</sub>O và m<sup>2</sup>, <strong>đậm</strong>, <em>nghiêng</em>, <u>gạch</u></p><hr>",
        '<blockquote><p>Trích <abbr title="Nghị quyết">NQ</abbr></p></blockquote>',
        "<figure><figcaption>Ảnh</figcaption></figure>",
        "<p>a &lt; b &amp; c</p>",
    ],
)
def test_tables_lists_and_the_rest_of_the_structure_stay_as_they_are(html: str) -> None:
    assert sanitise(html) == html


@pytest.mark.parametrize(
    "href", ["https://x.example/a?b=1", "/van-ban/a/", "#dieu-1", "mailto:a@b.example", "tel:+8424"]
)
def test_honest_links_stay(href: str) -> None:
    assert sanitise(f'<a href="{href}">chữ</a>') == f'<a href="{href}" rel="noopener noreferrer">chữ</a>'


def test_text_is_normalised_on_the_way() -> None:
    assert sanitise("<p>Uỷ ban\u200b Ðảng</p>") == "<p>Ủy ban Đảng</p>"


def test_plain_text_keeps_blocks_and_cells_apart_and_resolves_entities() -> None:
    html = (
        "<h2>Điều 1</h2><p>một<br>hai &amp; ba&nbsp;bốn</p><ul><li>năm</li><li>sáu</li></ul>"
        "<table><tr><td>bảy</td><td>tám</td></tr></table>"
    )
    assert plain_text(html) == "Điều 1\nmột\nhai & ba bốn\nnăm\nsáu\nbảy tám"


@pytest.mark.parametrize(
    ("html", "text"), [("", ""), ("chữ", "chữ"), ("<p> a  b </p>", "a b"), ("<p></p><p>a</p>", "a")]
)
def test_plain_text_of_simple_things(html: str, text: str) -> None:
    assert plain_text(html) == text


@given(st.lists(st.text(st.characters(exclude_characters="<>&\x00", exclude_categories=["Cs", "Cc"])), max_size=5))
def test_no_word_is_lost_or_glued_to_its_neighbour(words: list[str]) -> None:
    html = "".join(f"<p>{word}</p>" for word in words)
    assert plain_text(html).split() == " ".join(words).split()
