"""PDF and Word files with Vietnamese text, made in memory."""

from io import BytesIO

import docx
from docx.oxml import OxmlElement


def pdf(*pages: str) -> bytes:
    """A PDF with a line of text a page. Characters have codes of their own, and a table says which, as in real ones."""
    codes = {character: code for code, character in enumerate(sorted(set("".join(pages))), start=1)}
    table = "\n".join(f"<{code:02x}> <{character.encode('utf-16-be').hex()}>" for character, code in codes.items())
    cmap = (
        f"/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <01> <ff> endcodespacerange\n"
        f"{len(codes)} beginbfchar\n{table}\nendbfchar endcmap end"
    )
    kids = " ".join(f"{5 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 4 0 R >>",
        stream(cmap),
    ]
    for number, text in enumerate(pages):
        shown = "".join(f"{codes[character]:02x}" for character in text)
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {6 + 2 * number} 0 R"
            " /Resources << /Font << /F 3 0 R >> >> >>".encode()
        )
        objects.append(stream(f"BT /F 12 Tf 40 800 Td <{shown}> Tj ET"))
    file = b"%PDF-1.4\n" + b"".join(b"%d 0 obj\n%s\nendobj\n" % (n, o) for n, o in enumerate(objects, start=1))
    return file + b"trailer << /Root 1 0 R /Size %d >>\n%%%%EOF\n" % (len(objects) + 1)


def stream(text: str) -> bytes:
    return f"<< /Length {len(text)} >>\nstream\n{text}\nendstream".encode()


def word_file(*pages: str, row: tuple[str, ...] = ()) -> bytes:
    """A Word file with a paragraph a page, parted as Word writes it, and a table of one row."""
    document = docx.Document()
    for number, text in enumerate(pages):
        run = document.add_paragraph().add_run()
        if number:
            run._r.append(OxmlElement("w:lastRenderedPageBreak"))
        run.add_text(text)
    if row:
        table = document.add_table(rows=1, cols=len(row))
        for cell, text in zip(table.rows[0].cells, row, strict=True):
            cell.text = text
    out = BytesIO()
    document.save(out)
    return out.getvalue()
