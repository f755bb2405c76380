"""Text without diacritics and case, for comparing what people type with what was written."""

import unicodedata

from contract.normalising import normalise


def fold(text: str) -> str:
    """Return `text` lower-case, without Vietnamese diacritics: ``fold("Nghị quyết Đảng") == "nghi quyet dang"``.

    Idempotent. Letters of other scripts stay. The source of the steps is Unicode's compatibility caseless match
    (chapter 3.13, definition D147), with the marks taken out and đ, which has no decomposition, folded by hand.
    """
    return _without_marks(_without_marks(normalise(text)))


def _without_marks(text: str) -> str:
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold()).casefold()
    return "".join(c for c in text if unicodedata.category(c) != "Mn").replace("đ", "d")
